//! The log: one line an event on standard error, as JSON for programs or as text for people.

use super::config::LogFormat;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// A second call changes nothing: the first one's log goes on.
pub(super) fn start(format: LogFormat) {
    let level = LevelFilter::INFO;
    let started = match format {
        LogFormat::Json => {
            let layer = fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
            tracing_subscriber::registry().with(level).with(layer).try_init()
        }
        LogFormat::Text => {
            let layer = fmt::layer().with_ansi(false).with_target(false).with_writer(std::io::stderr);
            tracing_subscriber::registry().with(level).with(layer).try_init()
        }
    };
    drop(started);
}
