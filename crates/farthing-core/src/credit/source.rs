//! Where a grant comes from: for the history of a balance, and for how often one account may have a gift.

use crate::config::Name;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantSource {
    ByHand,
    /// For what went wrong; it has a reason.
    Goodwill,
    /// A `[[gift]]` of the catalogue.
    Gift(Name),
    Promotion,
    Trial,
    /// An amount of a coupon, where no bill arises that it could be taken off.
    Coupon(String),
    /// One of those of a grant that comes again and again.
    Recurring(Name),
}

impl GrantSource {
    /// None where it is no such text.
    pub fn parse(text: &str) -> Option<GrantSource> {
        let named = |name: &str| Name::parse(name);
        match text.split_once(':') {
            None => Some(match text {
                "hand" => GrantSource::ByHand,
                "goodwill" => GrantSource::Goodwill,
                "promotion" => GrantSource::Promotion,
                "trial" => GrantSource::Trial,
                _ => return None,
            }),
            Some(("gift", id)) => named(id).map(GrantSource::Gift),
            Some(("coupon", code)) => Some(GrantSource::Coupon(code.to_owned())).filter(|_| !code.is_empty()),
            Some(("recurring", name)) => named(name).map(GrantSource::Recurring),
            Some(_) => None,
        }
    }
}

impl fmt::Display for GrantSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GrantSource::ByHand => out.write_str("hand"),
            GrantSource::Goodwill => out.write_str("goodwill"),
            GrantSource::Gift(id) => write!(out, "gift:{id}"),
            GrantSource::Promotion => out.write_str("promotion"),
            GrantSource::Trial => out.write_str("trial"),
            GrantSource::Coupon(code) => write!(out, "coupon:{code}"),
            GrantSource::Recurring(name) => write!(out, "recurring:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_reads_back() {
        for text in ["hand", "goodwill", "gift:welcome", "promotion", "trial", "coupon:SPRING20", "recurring:daily"] {
            assert_eq!(GrantSource::parse(text).map(|source| source.to_string()).as_deref(), Some(text));
        }
        for text in ["", "gift", "gift:", "coupon:", "elsewhere", "trial:x"] {
            assert_eq!(GrantSource::parse(text), None, "{text}");
        }
    }
}
