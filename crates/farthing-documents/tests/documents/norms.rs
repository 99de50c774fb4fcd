//! E-invoices against the authorities' own rules: the schemas, EN 16931's schematron for UBL and CII, PEPPOL's for UBL.

use crate::samples;
use farthing_documents::{Kind, NoEInvoice, cii, ubl};
use std::path::{Path, PathBuf};
use std::process::Command;

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents").join(name)
}

fn check(syntax: &str, write: impl Fn(&farthing_documents::Document) -> Result<Vec<u8>, NoEInvoice>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("norms-{syntax}"));
    std::fs::create_dir_all(&folder).unwrap();
    let mut files = Vec::new();
    let clouds = samples::of_clouds();
    assert_eq!(clouds.len(), 5, "each cloud says enough of itself for an e-invoice");
    let samples = samples::invoices().into_iter().map(|(name, document)| (name.to_owned(), document));
    for (name, document) in samples.chain(clouds) {
        let file = folder.join(format!("{name}.xml"));
        std::fs::write(&file, write(&document).unwrap()).unwrap();
        files.push(file);
    }
    let python = farthing_testbed::python(&here("requirements.txt"));
    let output = Command::new(python).arg(here("check.py")).arg(syntax).args(&files).output().unwrap();
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{wrong}");
}

#[test]
fn ubl_breaks_no_rule_of_en_16931_or_peppol() {
    check("ubl", ubl);
}

#[test]
fn cii_breaks_no_rule_of_en_16931() {
    check("cii", cii);
}

#[test]
fn what_a_norm_asks_for_and_nobody_said_is_named() {
    let told = |edit: fn(&mut farthing_documents::Document)| {
        let mut document = samples::reverse_charge();
        edit(&mut document);
        (ubl(&document).err().map(|error| error.to_string()), cii(&document).err().map(|error| error.to_string()))
    };
    let (ubl, cii) = told(|document| {
        document.seller.country = None;
        document.buyer.tax_number.clear();
    });
    assert_eq!(
        ubl.unwrap(),
        "an e-invoice needs more than is known: the seller's country (write country = \"IE\", or whichever it is, in [brand] of \
cloud.toml); the buyer's VAT number (set the account's company with its tax number)"
    );
    assert!(cii.unwrap().contains("the buyer's VAT number"));
    let (ubl, _) = told(|document| document.kind = Kind::Statement);
    assert!(ubl.unwrap().contains("a statement"));
}
