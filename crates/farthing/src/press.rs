//! Documents for the consoles: the same paper as the API and mails have.

use crate::carry::Letter;
use crate::paper::{self, Format, NotMade};
use farthing_console::{Print, Printed, Printer};
use farthing_engine::{NoticeView, Paper};

/// Draws what a page asks for.
#[derive(Debug)]
pub struct Press;

impl Printer for Press {
    fn print(&self, paper: &Paper, as_what: Printed) -> Result<Print, String> {
        let format = match as_what {
            Printed::Pdf => Format::Pdf,
            Printed::Ubl => Format::Ubl,
            Printed::Cii => Format::Cii,
        };
        match paper::make(paper, format) {
            Ok(made) => Ok(Print { bytes: made.bytes, media_type: made.media_type, file_name: made.file_name }),
            Err(NotMade::NoEInvoice(lacks)) => Err(format!("There is no e-invoice of it: {lacks}.")),
            Err(NotMade::NoNumber) => Err("It has no number yet; it gets one right after it was issued.".to_owned()),
            Err(NotMade::Fault(why)) => Err(why),
        }
    }

    fn letter(&self, notice: &NoticeView) -> Option<(String, String)> {
        let written = Letter::write(&notice.parcel, &notice.envelope).ok().flatten();
        written.map(|letter| (letter.subject, letter.text))
    }
}
