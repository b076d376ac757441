//! Turns hook JSON into a tool call.
