//! What Factur-X wants said in a PDF's metadata: that there is an invoice inside, of which profile, and what these words mean.
//!
//! typst writes the metadata and knows no such words, so they are put into its XMP packet afterwards. It stands as it is in the file
//! (PDF/A forbids to compress it); what comes after it moves, so the table of places is written anew.

use super::DrawError;
use std::fmt::Write as _;

const WORDS: &str = "<rdf:Description rdf:about=\"\" xmlns:fx=\"urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#\">\
<fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>\
<fx:Version>1.0</fx:Version><fx:ConformanceLevel>EN 16931</fx:ConformanceLevel></rdf:Description>";

/// In the packet's list of words that PDF/A does not know by itself.
const SCHEMA_BEGIN: &str = "<rdf:li rdf:parseType=\"Resource\" xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" \
xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>\
<pdfaSchema:namespaceURI>urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#</pdfaSchema:namespaceURI>\
<pdfaSchema:prefix>fx</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>";
const SCHEMA_END: &str = "</rdf:Seq></pdfaSchema:property></rdf:li>";
const PROPERTIES: [(&str, &str); 4] = [
    ("DocumentFileName", "The name of the embedded XML document"),
    ("DocumentType", "The type of the hybrid document in capital letters, e.g. INVOICE or ORDER"),
    ("Version", "The actual version of the standard applying to the embedded XML document"),
    ("ConformanceLevel", "The conformance level of the embedded XML document"),
];

const OBJECT: &[u8] = b"/Type/Metadata";
const END_OF_LIST: &str = "</rdf:Bag></pdfaExtension:schemas>";
const END: &str = "</rdf:RDF>";

pub(super) fn declare(pdf: &[u8]) -> Result<Vec<u8>, DrawError> {
    patch(pdf).ok_or_else(|| DrawError { what: "its metadata is not where it should be".to_owned() })
}

fn patch(pdf: &[u8]) -> Option<Vec<u8>> {
    let named = find(pdf, OBJECT, 0)?;
    let dictionary = pdf.get(..named)?.windows(6).rposition(|window| window == b" 0 obj")?;
    let begin = find(pdf, b"stream\n", named)? + b"stream\n".len();
    let end = find(pdf, b"\nendstream", begin)?;
    let packet = std::str::from_utf8(pdf.get(begin..end)?).ok()?;
    let written = words(packet)?;

    let mut out = Vec::with_capacity(pdf.len() + written.len());
    let head = std::str::from_utf8(pdf.get(dictionary..begin)?).ok()?;
    let (before, after) = (format!("/Length {}", packet.len()), format!("/Length {}", written.len()));
    if !head.contains(&before) {
        return None;
    }
    out.extend_from_slice(pdf.get(..dictionary)?);
    out.extend_from_slice(head.replace(&before, &after).as_bytes());
    out.extend_from_slice(written.as_bytes());
    let moved = out.len().checked_sub(end)?;
    out.extend_from_slice(pdf.get(end..)?);
    replace_places(&mut out, pdf, end, moved)?;
    Some(out)
}

fn words(packet: &str) -> Option<String> {
    let mut properties = String::new();
    for (name, what) in PROPERTIES {
        let _ = write!(
            properties,
            "<rdf:li rdf:parseType=\"Resource\"><pdfaProperty:name>{name}</pdfaProperty:name>\
<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>\
<pdfaProperty:description>{what}</pdfaProperty:description></rdf:li>"
        );
    }
    let schema = format!("{SCHEMA_BEGIN}{properties}{SCHEMA_END}");
    let list = packet.find(END_OF_LIST)?;
    let end = packet.rfind(END)?;
    let (first, rest) = packet.split_at_checked(list)?;
    let (middle, last) = rest.split_at_checked(end.checked_sub(list)?)?;
    Some(format!("{first}{schema}{middle}{WORDS}{last}"))
}

/// Everything behind `after` stands `moved` bytes further on.
fn replace_places(out: &mut Vec<u8>, pdf: &[u8], after: usize, moved: usize) -> Option<()> {
    let said = pdf.windows(9).rposition(|window| window == b"startxref")?;
    let table: usize = std::str::from_utf8(pdf.get(said + 9..)?).ok()?.split_whitespace().next()?.parse().ok()?;
    let mut at = table + moved;
    if out.get(at..at + 5)? != b"xref\n" {
        return None;
    }
    at += 5;
    let head_end = at + out.get(at..)?.iter().position(|byte| *byte == b'\n')?;
    let count: usize = std::str::from_utf8(out.get(at..head_end)?).ok()?.split(' ').nth(1)?.trim().parse().ok()?;
    at = head_end + 1;
    // "0000000017 00000 n" and two bytes of line end: twenty each.
    for row in out.get_mut(at..at + count * 20)?.chunks_exact_mut(20) {
        let place: usize = std::str::from_utf8(row.get(..10)?).ok()?.parse().ok()?;
        if row.get(17) == Some(&b'n') && place > after {
            row.get_mut(..10)?.copy_from_slice(format!("{:010}", place + moved).as_bytes());
        }
    }
    let said = out.windows(9).rposition(|window| window == b"startxref")?;
    out.truncate(said);
    out.extend_from_slice(format!("startxref\n{}\n%%EOF", table + moved).as_bytes());
    Some(())
}

fn find(bytes: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let place = bytes.get(from..)?.windows(wanted.len()).position(|window| window == wanted)?;
    Some(from + place)
}
