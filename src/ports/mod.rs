//! Traits by which pure rooms and the engine see the world. Nothing of ours but `model` is used here.
