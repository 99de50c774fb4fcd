//! How a command fails: any error, told to a person as one sentence with what caused it.

/// Any error, for a person: its sentence and what caused it.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The error and its causes, each said once.
pub(crate) fn sentence(failure: &(dyn std::error::Error + 'static)) -> String {
    let mut text = failure.to_string();
    let mut source = failure.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
