//! Rules and policy as data: packs, layers, requirements.
