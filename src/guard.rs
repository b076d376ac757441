//! The pipeline: the one place where all stages meet.
