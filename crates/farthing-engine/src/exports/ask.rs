//! What somebody wants exported, and how that is kept.

use crate::{EngineError, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::export::{ExportWhat, FileFormat};
use farthing_core::time::Instant;
use farthing_store::StoreError;
use serde_json::{Value, json};

/// Which rows: of everything that is said. Of charges and terms by the beginning of their service; of documents by their issue; of FOCUS rows by
/// the beginning of the time they charge for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportAsk {
    /// None: of the whole cloud.
    pub account: Option<String>,
    pub from: Option<Instant>,
    /// Before this.
    pub to: Option<Instant>,
    pub product: Option<String>,
    pub project: Option<String>,
    pub resource: Option<String>,
    pub user: Option<String>,
    /// A label and its value.
    pub label: Option<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExport {
    pub what: ExportWhat,
    pub format: FileFormat,
    pub ask: ExportAsk,
    /// Its account is written to when it is ready, with a link.
    pub mail: bool,
}

impl ExportAsk {
    /// Refuses what there can be no rows of.
    pub(super) fn check(&self, what: ExportWhat) -> Result<(), Refused> {
        let invalid = |what: String| Err(Refused::new(RefusalCode::Invalid, what));
        if let (Some(from), Some(to)) = (self.from, self.to)
            && to <= from
        {
            return invalid("`to` is after `from`: give a later time".to_owned());
        }
        if let Some(product) = self.product.as_ref().filter(|product| Name::parse(product).is_none()) {
            return invalid(format!("{product:?} is no name of a product"));
        }
        let of_things =
            self.project.is_some() || self.resource.is_some() || self.user.is_some() || self.label.is_some();
        let is_of_charges = what == ExportWhat::Charges;
        if of_things && !is_of_charges {
            return invalid(format!(
                "{} are exported whole: project, resource, user and label choose among charges",
                what.name()
            ));
        }
        if self.product.is_some() && !is_of_charges && what != ExportWhat::Lines {
            return invalid(format!("{} are exported whole: a product chooses among charges and lines", what.name()));
        }
        Ok(())
    }

    pub(super) fn has(&self, at: Instant) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    pub(super) fn to_text(&self) -> String {
        json!({
            "account": self.account, "from": self.from.map(Instant::micros), "to": self.to.map(Instant::micros), "product": self.product,
            "project": self.project, "resource": self.resource, "user": self.user, "label": self.label,
        })
        .to_string()
    }

    pub(super) fn from_text(text: &str) -> Result<ExportAsk, EngineError> {
        let wrong = || StoreError::corrupt(format!("what an export asks for reads {text:?}"));
        let read: Value = serde_json::from_str(text).map_err(|_| wrong())?;
        let word = |key: &str| read[key].as_str().map(str::to_owned);
        let at = |key: &str| read[key].as_i64().map(Instant::from_micros);
        let label = read["label"].as_array().map(|pair| match pair.as_slice() {
            [Value::String(key), Value::String(value)] => Ok((key.clone(), value.clone())),
            _ => Err(wrong()),
        });
        Ok(ExportAsk {
            account: word("account"),
            from: at("from"),
            to: at("to"),
            product: word("product"),
            project: word("project"),
            resource: word("resource"),
            user: word("user"),
            label: label.transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_back() {
        let ask = ExportAsk {
            account: Some("acme".to_owned()),
            from: Some(Instant::EPOCH),
            label: Some(("team".to_owned(), "蓝".to_owned())),
            ..ExportAsk::default()
        };
        assert_eq!(ExportAsk::from_text(&ask.to_text()).unwrap(), ask);
        assert_eq!(ExportAsk::from_text(&ExportAsk::default().to_text()).unwrap(), ExportAsk::default());
        assert!(ExportAsk::from_text("{").is_err());
    }

    #[test]
    fn what_has_no_such_rows_is_refused() {
        let by_user = ExportAsk { user: Some("li".to_owned()), ..ExportAsk::default() };
        assert!(by_user.check(ExportWhat::Charges).is_ok() && by_user.check(ExportWhat::Focus).is_err());
        let odd = ExportAsk { from: Some(Instant::EPOCH), to: Some(Instant::EPOCH), ..ExportAsk::default() };
        assert!(odd.check(ExportWhat::Bills).is_err());
    }
}
