//! A document as PDF/A-3b, drawn by typst; a bill and a credit note carry their e-invoice inside it (Factur-X) where their data suffices.
//!
//! Nothing on a document keeps it from being drawn: a character without a glyph, a logo that cannot be read and data that no e-invoice can
//! be made of are left out, each with a warning. The same document is the same bytes.

mod factur_x;
mod glyphs;
mod page;
mod world;

use crate::document::{Document, Kind, Logo};
use crate::invoice::cii::cii;
use std::error::Error;
use std::fmt;
use typst::diag::SourceDiagnostic;
use typst::foundations::Smart;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};
use world::{Files, Sheet};

/// A PDF, and what of the document is not on it as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    pub bytes: Vec<u8>,
    pub pages: usize,
    pub warnings: Vec<String>,
}

/// It could not be drawn at all: that is a fault of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawError {
    what: String,
}

/// After so many documents what they had in common and none of them used is forgotten.
const REMEMBERED: usize = 8;

pub fn pdf(document: &Document) -> Result<Drawn, DrawError> {
    let mut warnings = Vec::new();
    let e_invoice = match document.kind {
        Kind::Statement | Kind::Receipt => None,
        Kind::Bill | Kind::CreditNote => match cii(document) {
            Ok(xml) => Some(xml),
            Err(error) => {
                warnings.push(format!("it carries no e-invoice: {error}"));
                None
            }
        },
    };
    let drawn = draw(document, e_invoice.as_deref(), true, &mut warnings).or_else(|error| {
        if document.brand.logo.is_none() {
            return Err(error);
        }
        warnings.clear();
        warnings.push(format!("the brand's logo cannot be drawn: {error}"));
        draw(document, e_invoice.as_deref(), false, &mut warnings)
    });
    comemo::evict(REMEMBERED);
    let (bytes, pages) = drawn?;
    let bytes = match e_invoice {
        Some(_) => factur_x::declare(&bytes)?,
        None => bytes,
    };
    Ok(Drawn { bytes, pages, warnings })
}

fn draw(
    document: &Document,
    e_invoice: Option<&[u8]>,
    with_logo: bool,
    warnings: &mut Vec<String>,
) -> Result<(Vec<u8>, usize), DrawError> {
    let logo = document.brand.logo.as_ref().filter(|_| with_logo);
    let code = page::payment_code(document);
    let (page, warning) = page::of(document, logo, e_invoice.is_some(), code.is_some());
    warnings.extend(warning);
    let (mut logo_png, mut logo_svg) = (None, None);
    match logo {
        Some(Logo::Png(bytes)) => logo_png = Some(bytes.clone()),
        Some(Logo::Svg(bytes)) => logo_svg = Some(bytes.clone()),
        None => {}
    }
    let page = serde_json::to_vec(&page).map_err(|error| DrawError { what: error.to_string() })?;
    let factur_x = e_invoice.map(<[u8]>::to_vec);
    let sheet = Sheet::new(Files { page, factur_x, code: code.map(String::into_bytes), logo_png, logo_svg });
    let laid: PagedDocument = typst::compile(&sheet).output.map_err(|wrong| told(&wrong))?;
    let options = PdfOptions {
        ident: Smart::Custom(format!("{}/{}", document.seller.name, document.number)),
        creator: Smart::Custom(Some("Farthing".to_owned())),
        standards: PdfStandards::new(&[PdfStandard::A_3b]).map_err(|error| DrawError { what: format!("{error:?}") })?,
        ..PdfOptions::default()
    };
    let pages = laid.pages().len();
    let bytes = typst_pdf::pdf(&laid, &options).map_err(|wrong| told(&wrong))?;
    Ok((bytes, pages))
}

fn told(wrong: &[SourceDiagnostic]) -> DrawError {
    let what: Vec<&str> = wrong.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    DrawError { what: what.join("; ") }
}

impl fmt::Display for DrawError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the document cannot be drawn: {}", self.what)
    }
}

impl Error for DrawError {}
