//! Documents as PDFs: the same bytes each time, whatever stands on them.

use crate::samples;
use farthing_documents::{Logo, pdf};
use std::path::Path;
use std::process::Command;

#[test]
fn a_document_is_the_same_bytes_each_time_it_is_drawn() {
    let all = samples::all();
    let first: Vec<_> = all.iter().map(|(_, document)| pdf(document).unwrap()).collect();
    // In another order, so that what is remembered of others changes nothing.
    for ((name, document), first) in all.iter().zip(first).rev() {
        assert_eq!(pdf(document).unwrap(), first, "{name}");
        assert_eq!(first.warnings, Vec::<String>::new(), "{name}");
        assert!(first.bytes.starts_with(b"%PDF-1.7"), "{name}");
        // To look at.
        std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pdf")), &first.bytes).unwrap();
    }
}

#[test]
fn lines_go_on_over_pages() {
    assert_eq!(pdf(&samples::domestic()).unwrap().pages, 1);
    assert!(pdf(&samples::long()).unwrap().pages >= 5);
}

#[test]
fn a_character_without_a_glyph_is_told_and_drawn_as_a_square() {
    let mut document = samples::domestic();
    document.buyer.name = "ทดสอบ Ltd \u{1f600}".into();
    let drawn = pdf(&document).unwrap();
    assert!(drawn.bytes.starts_with(b"%PDF"));
    let [warning] = &drawn.warnings[..] else { panic!("{:?}", drawn.warnings) };
    assert!(warning.contains("U+0E17") && warning.contains("U+1F600"), "{warning}");
}

#[test]
fn a_logo_that_is_none_is_told_and_left_out() {
    let mut document = samples::domestic();
    document.brand.logo = Some(Logo::Png(b"\x89PNG\r\n\x1a\nnothing".to_vec()));
    let drawn = pdf(&document).unwrap();
    assert!(drawn.warnings[0].contains("logo"), "{:?}", drawn.warnings);
}

#[test]
fn what_no_e_invoice_can_be_made_of_is_drawn_without() {
    let mut document = samples::domestic();
    document.seller.country = None;
    let drawn = pdf(&document).unwrap();
    assert!(drawn.warnings[0].contains("the seller's country"), "{:?}", drawn.warnings);
    assert!(!holds(&drawn.bytes, b"factur-x.xml"));
}

/// The reader of the reference implementation finds the invoice, and its level, where Factur-X says they are.
#[test]
fn the_e_invoice_is_inside_where_readers_look_for_it() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents");
    let python = farthing_testbed::python(&tests.join("requirements.txt"));
    for (name, document) in samples::invoices() {
        let drawn = pdf(&document).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (file, inside) = (folder.join(format!("inside-{name}.pdf")), folder.join(format!("inside-{name}.xml")));
        std::fs::write(&file, &drawn.bytes).unwrap();
        let output = Command::new(&python).arg(tests.join("inside.py")).args([&file, &inside]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(said.trim(), "factur-x.xml EN 16931 INVOICE 1.0 3B /Alternative", "{name}");
        assert_eq!(std::fs::read(&inside).unwrap(), farthing_documents::cii(&document).unwrap(), "{name}");
    }
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
