//! What a bank refuses of an order before it books anything: pain.002, of any version and of the German variants.

use crate::bad_file::BadFile;
use crate::camt::NAMESPACE;
use crate::source::FETCH_AGAIN;
use crate::xml::{self, Node};

/// What is refused: one order, or its whole batch where `end_to_end` is empty, or the whole message where `batch` is empty too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// What we called the message.
    pub message: String,
    pub batch: String,
    pub end_to_end: String,
    /// ISO 20022's code, such as `AC04`, or the bank's own.
    pub reason: String,
    /// What the bank says of it; may be empty.
    pub text: String,
}

/// From the whole to the parts. Where the whole is refused its parts may be named too, with a reason of their own. What is accepted, or not yet
/// decided, is not in it.
pub fn pain002(bytes: &[u8]) -> Result<Vec<Rejection>, BadFile> {
    let source = xml::source(bytes)?;
    let root = xml::parse(&source)?;
    let namespace = xml::namespace(&source, &root)?;
    let kind = namespace.strip_prefix(NAMESPACE).unwrap_or(namespace);
    if !kind.starts_with("pain.002.") {
        return Err(source.bad(root.at, format!("the file is a {kind:?}, not a pain.002"), "choose another file"));
    }
    let missing = |node: &Node<'_>, name: &str| source.bad(node.at, format!("<{name}> is missing"), FETCH_AGAIN);
    let report = root.find("CstmrPmtStsRpt").ok_or_else(|| missing(&root, "CstmrPmtStsRpt"))?;
    let group = report.find("OrgnlGrpInfAndSts").ok_or_else(|| missing(report, "OrgnlGrpInfAndSts"))?;
    let message = group.text_at("OrgnlMsgId");
    if message.is_empty() {
        return Err(missing(group, "OrgnlMsgId"));
    }
    let none = Why::default();
    let all = Why::of(group, &none);
    let mut rejections = Vec::new();
    let mut refuse = |batch: &str, end_to_end: &str, why: &Why| {
        rejections.push(Rejection {
            message: message.to_owned(),
            batch: batch.to_owned(),
            end_to_end: end_to_end.to_owned(),
            reason: why.reason.clone(),
            text: why.text.clone(),
        });
    };
    if group.text_at("GrpSts") == "RJCT" {
        refuse("", "", &all);
    }
    for batch in report.all("OrgnlPmtInfAndSts") {
        let id = batch.text_at("OrgnlPmtInfId");
        let why = Why::of(batch, &all);
        if batch.text_at("PmtInfSts") == "RJCT" {
            if id.is_empty() {
                return Err(missing(batch, "OrgnlPmtInfId"));
            }
            refuse(id, "", &why);
        }
        for order in batch.all("TxInfAndSts").filter(|order| order.text_at("TxSts") == "RJCT") {
            let end_to_end = order.text_at("OrgnlEndToEndId");
            if end_to_end.is_empty() {
                return Err(missing(order, "OrgnlEndToEndId"));
            }
            refuse(id, end_to_end, &Why::of(order, &why));
        }
    }
    Ok(rejections)
}

#[derive(Default)]
struct Why {
    reason: String,
    text: String,
}

impl Why {
    /// Its own, or what is said of the whole.
    fn of(node: &Node<'_>, whole: &Why) -> Why {
        let information: Vec<&Node<'_>> = node.all("StsRsnInf").collect();
        let first = |path: &str| information.iter().map(|each| each.text_at(path)).find(|text| !text.is_empty());
        let reason = first("Rsn/Cd").or(first("Rsn/Prtry"));
        let lines = information.iter().flat_map(|each| each.all("AddtlInf")).map(|line| line.text.trim());
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        let Some(reason) = reason else {
            return Why {
                reason: whole.reason.clone(),
                text: if lines.is_empty() { whole.text.clone() } else { lines.join("\n") },
            };
        };
        Why { reason: reason.to_owned(), text: lines.join("\n") }
    }
}
