//! What is owed and the verdict.
