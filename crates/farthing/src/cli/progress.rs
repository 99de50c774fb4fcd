//! Progress of long work, on standard error, and only where somebody watches: elsewhere nothing is printed.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Watch(ProgressBar);

impl Watch {
    /// Work whose length is not known: it says what it is at.
    pub(super) fn spinner() -> Watch {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(120));
        Watch(bar)
    }

    pub(super) fn bar(what: &'static str) -> Watch {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{msg} {bar:40} {percent:>3} %, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what);
        Watch(bar)
    }

    pub(super) fn say(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }

    pub(super) fn set(&self, done: u64, of: u64) {
        self.0.set_length(of);
        self.0.set_position(done);
    }
}

impl Drop for Watch {
    /// Leaves nothing on the screen.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
