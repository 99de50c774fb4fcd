//! How a command fails: any error, told to a person as one sentence with what caused it.

/// Any error, for a person: its sentence and what caused it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
