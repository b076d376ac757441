//! Reads SQL and says what each statement would do.
