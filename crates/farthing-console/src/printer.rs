//! What the pages need of the binary: documents drawn, notices written out, resources stopped. Passed in, so that neither PDF nor a cloud's own API is built here.

use farthing_engine::{Engine, NoticeView, Paper, Refused};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Printed {
    Pdf,
    Ubl,
    Cii,
}

/// A document, ready to be handed over.
#[derive(Clone, Debug)]
pub struct Print {
    pub bytes: Vec<u8>,
    pub media_type: &'static str,
    pub file_name: String,
}

pub trait Printer: Send + Sync + fmt::Debug {
    /// A sentence where it cannot be made.
    fn print(&self, paper: &Paper, as_what: Printed) -> Result<Print, String>;

    /// A notice as its mail says it: its subject and its text; none where nothing writes it.
    fn letter(&self, notice: &NoticeView) -> Option<(String, String)>;
}

/// Stops a resource where the cloud lets its billing do so.
pub trait Stopper: Send + Sync + fmt::Debug {
    fn stop(&self, engine: &Engine, cloud: &str, resource: &str) -> Result<(), Refused>;
}
