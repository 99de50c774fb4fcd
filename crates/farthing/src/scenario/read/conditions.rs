//! What is expected or waited for, and what is shown.

use super::super::arguments::{Argument, Arguments, Read, unknown_key};
use super::super::expect::{Comparison, Condition, Decimal, How, KINDS, STATES, Subject, Value};
use super::super::stage::{About, Bill, BillPart, CostsAsked, Figure, PageAsked, QuotaAsked, QuotaPart, Show, Thing};
use super::super::text::{Word, Wrong};
use super::Reader;
use farthing_core::config::nearest;
use farthing_core::cost::{CostFilter, GroupBy, PaidFrom};
use farthing_core::time::CivilDate;

const COMPARISONS: [(&str, How); 7] = [
    ("=", How::Equals),
    ("==", How::Exactly),
    ("<", How::Below),
    ("<=", How::AtMost),
    ("is", How::Is),
    ("contains", How::Contains),
    ("lacks", How::Lacks),
];

impl Reader<'_> {
    /// The body of an `expect`, and whom it is about.
    pub(super) fn condition(&mut self, words: &[Word], usage: &'static str) -> Read<(Condition, Vec<String>)> {
        let Some(first) = words.first() else { return Err(Wrong::new(0..0, "what is expected is missing", usage)) };
        let compared = words.get(1).is_some_and(|word| word.is("is"));
        if !compared {
            match (first.text.as_str(), words.get(1).map_or("", |word| word.text.as_str())) {
                ("ledger", _) => {
                    let mut arguments = Arguments::new("expect ledger balanced", words);
                    arguments.word("balanced")?.choice(&[("balanced", ())], 1)?;
                    arguments.finish()?;
                    return Ok((Condition::LedgerBalanced, Vec::new()));
                }
                ("sent", _) => return self.sent(words),
                ("nothing", _) => return nothing_sent(words),
                ("error", _) => {
                    return Err(Wrong::new(
                        first.at.clone(),
                        "a command is tried once, not waited for",
                        "write: expect error COMMAND -> CODE",
                    ));
                }
                _ => {}
            }
        }
        let found =
            words.iter().position(|word| !word.quoted && COMPARISONS.iter().any(|(known, _)| word.text == *known));
        let Some(position) = found else { return Err(no_comparison(words, usage)) };
        let how =
            COMPARISONS.iter().find(|(known, _)| words[position].text == *known).map_or(How::Equals, |(_, how)| *how);
        let (subject, about) = self.subject(&words[..position], how)?;
        let value = self.value(&subject, how, &words[position], &words[position + 1..])?;
        let accounts = about.and_then(|name| self.owner(&name)).into_iter().collect();
        Ok((Condition::Compare(Comparison { subject, how, value }), accounts))
    }

    /// What is looked at, and the name it has to do with.
    fn subject(&mut self, words: &[Word], how: How) -> Read<(Subject, Option<String>)> {
        const USAGE: &str = "expect SUBJECT NAME = VALUE, like: expect balance acme = 5.80";
        let Some(first) = words.first() else {
            return Err(Wrong::new(0..0, "what is compared is missing", format!("write: {USAGE}")));
        };
        let mut rest = Arguments::new(USAGE, words);
        if words.len() == 1 && how == How::Is && !first.is("clock") {
            let name = bare(first)?;
            return Ok((Subject::State(Thing::Any, name.clone()), Some(name)));
        }
        let (subject, about) = match first.text.as_str() {
            "clock" => (Subject::Clock, None),
            "suspense" => (Subject::Suspense, None),
            "estimate" => (Subject::Estimate, None),
            "history" => {
                let word = rest.word("the grant")?;
                let grant = word.text.to_owned();
                // One of those of a grant that comes again has a number behind.
                let named = grant.split_once('.').map_or(grant.as_str(), |(named, _)| named);
                let account = self.owner(named).filter(|_| self.grants.contains(named));
                let account = account.ok_or_else(|| {
                    word.wrong(format!("there is no grant {grant:?}"), "write the name that a `grant` line gave")
                })?;
                (Subject::History { account: account.clone(), grant }, Some(account))
            }
            "export" => {
                let word = rest.word("the export")?;
                let (name, column) = match word.text.split_once('.') {
                    Some((name, column)) => (name, Some(column.to_owned())),
                    None => (word.text, None),
                };
                let name = word.part(name).name()?;
                (Subject::Export { name: name.clone(), column }, Some(name))
            }
            "units" | "charges" => {
                let about = self.about(&mut rest, true)?;
                let name = about.account.clone();
                (if first.is("units") { Subject::Units(about) } else { Subject::Charges(about) }, Some(name))
            }
            "costs" => {
                let asked = self.costs(&mut rest)?;
                let name = asked.account.clone();
                (Subject::Costs(Box::new(asked)), Some(name))
            }
            "page" => {
                let asked = self.page(&mut rest)?;
                let name = asked.account.clone();
                (Subject::Page(asked), name)
            }
            "bill" | "statement" | "invoice" => {
                let (mut bill, part) = self.bill_part(&mut rest)?;
                bill = match bill {
                    Bill::LatestOf(account) if first.is("statement") => Bill::StatementOf(account),
                    Bill::LatestOf(account) if first.is("invoice") => Bill::InvoiceOf(account),
                    named => named,
                };
                let name = bill.name().to_owned();
                (Subject::Bill(bill, part), Some(name))
            }
            "quota" => {
                let name = rest.name("whose quota")?;
                let product = rest.key("product").map(|product| product.catalogue_name()).transpose()?;
                let quota = rest.key("quota").map(|quota| quota.catalogue_name()).transpose()?;
                let parts = [("left", QuotaPart::Left), ("limit", QuotaPart::Limit), ("used", QuotaPart::Used)];
                let part = rest.key("of").map_or(Ok(QuotaPart::Left), |part| part.choice(&parts, 3))?;
                let asked = QuotaAsked { account: name.clone(), product, quota, part };
                (Subject::Quota(asked), Some(name))
            }
            other => {
                if let Some(figure) = Figure::ALL.into_iter().find(|figure| figure.word() == other) {
                    let about = self.about(&mut rest, false)?;
                    let name = about.account.clone();
                    (Subject::Figure(figure, about), Some(name))
                } else if let Some(thing) = Thing::NAMED.into_iter().find(|thing| thing.word() == other) {
                    let word = rest.word("its name")?;
                    let name = if thing == Thing::Standing { self.account(&word)? } else { word.name()? };
                    (Subject::State(thing, name.clone()), Some(name))
                } else {
                    return Err(unknown_subject(first, words.len()));
                }
            }
        };
        rest.finish()?;
        Ok((subject, about))
    }

    /// An account with what narrows its figure down.
    fn about(&mut self, rest: &mut Arguments<'_>, dated: bool) -> Read<About> {
        let word = rest.word("the account")?;
        let mut grant = None;
        let account = if self.grants.contains(word.text) {
            grant = Some(word.name()?);
            self.owner(word.text).unwrap_or_default()
        } else if self.belongs.contains_key(word.text) {
            word.name()?
        } else {
            self.account(&word)?
        };
        let product = rest.key("product").map(|product| product.catalogue_name()).transpose()?;
        let (mut from, mut to) = (None, None);
        if dated {
            from = rest.key("from").map(|from| from.time()).transpose()?;
            to = rest.key("to").map(|to| to.time()).transpose()?;
        }
        Ok(About { account, grant, product, from, to })
    }

    /// An account with what chooses among its costs, in the words of the console and the API.
    fn costs(&mut self, rest: &mut Arguments<'_>) -> Read<CostsAsked> {
        let account = self.account(&rest.word("the account")?)?;
        let by = match rest.key("by") {
            None => GroupBy::Product,
            Some(by) => GroupBy::parse(by.text).ok_or_else(|| {
                by.wrong(
                    format!("nothing is grouped by {:?}", by.text),
                    "write product, project, resource, user or label:KEY",
                )
            })?,
        };
        let mut text = |key| rest.key(key).map(|value| value.text()).transpose();
        let of = text("of")?;
        let mut filter = CostFilter {
            product: text("product")?,
            project: text("project")?,
            resource: text("resource")?,
            person: text("user")?,
            state: text("state")?,
            kind: text("type")?,
            ..CostFilter::default()
        };
        let paid = PaidFrom::ALL.map(|from| (from.name(), from));
        filter.paid = rest.key("paid").map(|from| from.choice(&paid, paid.len())).transpose()?;
        let mut day = |key| rest.key(key).map(|day| read_day(&day)).transpose();
        let (from, to) = (day("from")?, day("to")?);
        let known = rest.known().to_vec();
        for (key, value, at) in rest.rest() {
            match key.strip_prefix("label.") {
                Some(label) if !label.is_empty() && filter.label.is_none() => {
                    filter.label = Some((label.to_owned(), value.text()?));
                }
                _ => return Err(unknown_key(key, at, &known, super::usage("expect costs"))),
            }
        }
        Ok(CostsAsked { account, by, of, filter, from, to })
    }

    /// `page /prices`, or `page ACCOUNT /costs?by=project [as=PERSON]`
    fn page(&mut self, rest: &mut Arguments<'_>) -> Read<PageAsked> {
        let first = rest.word("the account, or an address that begins with /")?;
        let (account, path) = if first.text.starts_with('/') {
            (None, first)
        } else {
            (Some(self.account(&first)?), rest.word("the address, which begins with /")?)
        };
        if !path.text.starts_with('/') {
            let remedy = format!("write: {}", super::usage("expect page"));
            return Err(path.wrong(format!("{:?} is no address of a page", path.text), remedy));
        }
        let person = rest.key("as").map(|person| person.name()).transpose()?;
        let languages = [("en", "en"), ("zh", "zh")];
        let language = rest.key("language").map(|language| language.choice(&languages, 2)).transpose()?;
        let language = language.map(str::to_owned);
        // The account's first page is its address without anything behind it.
        Ok(PageAsked { account, path: path.text.to_owned(), person, language })
    }

    /// `NAME.total`, `latest ACCOUNT.total`; the part may stand apart.
    fn bill_part(&mut self, rest: &mut Arguments<'_>) -> Read<(Bill, BillPart)> {
        let first = rest.word("the bill")?;
        let (latest, mut word) =
            if first.text == "latest" { (true, rest.word("the account")?) } else { (false, first) };
        let (name, part) = if let Some((name, part)) = word.text.rsplit_once('.') {
            (name, word.part(part))
        } else {
            let part = rest.word(".total, .tax, .status, .lines or .document")?;
            let text = part.text.strip_prefix('.').unwrap_or(part.text);
            (word.text, part.part(text))
        };
        word = word.part(name);
        let parts = BillPart::ALL.map(|part| (part.word(), part));
        let part = part.choice(&parts, parts.len())?;
        let bill = if latest { Bill::LatestOf(self.account(&word)?) } else { Bill::Named(word.text()?) };
        Ok((bill, part))
    }

    fn value(&mut self, subject: &Subject, how: How, operator: &Word, words: &[Word]) -> Read<Value> {
        const USAGE: &str = "one value, in quotes where it has spaces";
        let value = match words {
            [value] => value,
            [] => {
                return Err(Wrong::new(
                    operator.at.end..operator.at.end,
                    "the value is missing",
                    format!("write {USAGE}"),
                ));
            }
            // An amount may have its currency behind it.
            [value, code] if !code.quoted && Decimal::parse(&value.text).is_some() => {
                if code.text == self.currency_of_subject(subject) {
                    value
                } else {
                    let what = format!("the value is followed by {:?}", code.text);
                    return Err(Wrong::new(code.at.clone(), what, format!("write {USAGE}")));
                }
            }
            [_, more, ..] => {
                return Err(Wrong::new(more.at.clone(), "there is more than one value", format!("write {USAGE}")));
            }
        };
        let unfit =
            |remedy: &str| Err(Wrong::new(operator.at.clone(), format!("`{how}` does not compare this"), remedy));
        let number = || {
            Decimal::parse(&value.text).map(Value::Number).ok_or_else(|| {
                Wrong::new(
                    value.at.clone(),
                    format!("{:?} is not a number", value.text),
                    "write it like 5.80, with as many decimals as matter",
                )
            })
        };
        // Whatever is found has words.
        if matches!(how, How::Contains | How::Lacks) {
            return Ok(Value::Word(value.text.clone()));
        }
        match subject {
            Subject::Figure(..)
            | Subject::Units(_)
            | Subject::Charges(_)
            | Subject::Suspense
            | Subject::Estimate
            | Subject::Costs(_)
            | Subject::Export { column: Some(_), .. }
            | Subject::Bill(_, BillPart::Total | BillPart::Tax | BillPart::Due) => {
                if how == How::Is {
                    unfit("amounts and units are compared with =, ==, < and <=")
                } else {
                    number()
                }
            }
            Subject::Clock => {
                if how == How::Is {
                    return unfit("the clock is compared with =, < and <=");
                }
                Argument::of(value, "expect clock = TIME").time().map(Value::Time)
            }
            Subject::Page(_) => unfit("a page is searched with contains and lacks"),
            Subject::Bill(_, BillPart::Lines | BillPart::Document)
            | Subject::History { .. }
            | Subject::Export { column: None, .. } => match how {
                How::Is => unfit("lines are counted with = and searched with contains"),
                _ => number(),
            },
            Subject::Quota(_) => {
                if how == How::Is {
                    unfit("what is left of a quota is compared with =, ==, < and <=")
                } else {
                    number()
                }
            }
            Subject::State(..) | Subject::Bill(_, BillPart::Status) => {
                if !matches!(how, How::Is | How::Equals) {
                    return unfit("a state is compared with `is`");
                }
                let state = matches!(subject, Subject::State(Thing::Any | Thing::Resource | Thing::Order, _));
                let slip = nearest(&value.text, STATES)
                    .filter(|meant| state && !STATES.contains(&value.text.as_str()) && !meant.is_empty());
                match slip {
                    Some(meant) => Err(Wrong::new(
                        value.at.clone(),
                        format!("{:?} is no state", value.text),
                        format!("did you mean {meant}?"),
                    )),
                    None => Ok(Value::Word(value.text.clone())),
                }
            }
        }
    }

    fn currency_of_subject(&self, subject: &Subject) -> &'static str {
        match subject {
            Subject::Figure(_, about) | Subject::Charges(about) => self.currency_of(&about.account).code(),
            Subject::Costs(asked) => self.currency_of(&asked.account).code(),
            Subject::Bill(Bill::Named(name) | Bill::LatestOf(name), _) => self.currency_of(name).code(),
            _ => "",
        }
    }

    /// `sent ACCOUNT KIND [contains "…"]`
    fn sent(&mut self, words: &[Word]) -> Read<(Condition, Vec<String>)> {
        let mut rest = Arguments::new(super::usage("expect sent"), words);
        let account = self.account(&rest.word("the account")?)?;
        let kind = kind(&rest.word("the kind of message")?)?;
        let contains = match rest.word_if_any() {
            None => None,
            Some(word) => {
                word.choice(&[("contains", ())], 1)?;
                Some(rest.word("the text it contains")?.text()?)
            }
        };
        rest.finish()?;
        let accounts = vec![account.clone()];
        Ok((Condition::Sent { account, kind, contains }, accounts))
    }

    pub(super) fn show(&mut self, mut arguments: Arguments<'_>) -> Read<Show> {
        let what =
            arguments.word("bill, ledger or timeline")?.choice(&[("bill", 0), ("ledger", 1), ("timeline", 2)], 3)?;
        let word = arguments.word("its name")?;
        let show = match what {
            0 if word.text == "latest" => Show::Bill(Bill::LatestOf(self.account(&arguments.word("the account")?)?)),
            0 => Show::Bill(Bill::Named(word.name()?)),
            1 => Show::Ledger { account: self.account(&word)? },
            _ => Show::Timeline { name: word.name()? },
        };
        arguments.finish()?;
        Ok(show)
    }
}

/// `nothing sent [KIND]`
fn nothing_sent(words: &[Word]) -> Read<(Condition, Vec<String>)> {
    let mut rest = Arguments::new(super::usage("expect sent"), words);
    rest.word("sent")?.choice(&[("sent", ())], 1)?;
    let kind = rest.word_if_any().map(|word| kind(&word)).transpose()?;
    rest.finish()?;
    Ok((Condition::NothingSent { kind }, Vec::new()))
}

fn kind(word: &Argument<'_>) -> Read<String> {
    if KINDS.contains(&word.text) {
        return Ok(word.text.to_owned());
    }
    let remedy = match nearest(word.text, KINDS) {
        Some(meant) => format!("did you mean {meant}?"),
        None => format!("the kinds are {}", KINDS.join(", ")),
    };
    Err(word.wrong(format!("{:?} is no kind of message", word.text), remedy))
}

/// A day of the account's.
fn read_day(word: &Argument<'_>) -> Read<CivilDate> {
    CivilDate::parse(word.text)
        .map_err(|_| word.wrong(format!("{:?} is no day", word.text), "write it like 2026-03-31"))
}

/// The name before `is`.
fn bare(word: &Word) -> Read<String> {
    Argument::of(word, "expect NAME is STATE").name()
}

fn unknown_subject(word: &Word, words: usize) -> Wrong {
    let known: Vec<&str> = Figure::ALL
        .iter()
        .map(|figure| figure.word())
        .chain(Thing::NAMED.iter().map(|thing| thing.word()))
        .chain([
            "units",
            "charges",
            "costs",
            "page",
            "bill",
            "statement",
            "invoice",
            "quota",
            "history",
            "export",
            "clock",
        ])
        .collect();
    if words == 1 && !known.contains(&word.text.as_str()) && nearest(&word.text, known.iter().copied()).is_none() {
        return Wrong::new(
            word.at.clone(),
            format!("nothing says what of {:?} is compared", word.text),
            "write: expect NAME is STATE, or expect SUBJECT NAME = VALUE",
        );
    }
    let remedy = match nearest(&word.text, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    Wrong::new(word.at.clone(), format!("there is no {:?} to look at", word.text), remedy)
}

fn no_comparison(words: &[Word], usage: &str) -> Wrong {
    let last = words.last().map_or(0..0, |word| word.at.clone());
    // `acme=5.80` was meant as three words.
    if let Some(glued) = words.iter().find(|word| word.pair().is_some_and(|(_, value)| Decimal::parse(value).is_some()))
    {
        let (key, value) = glued.pair().unwrap_or_default();
        return Wrong::new(glued.at.clone(), "a comparison stands between spaces", format!("write {key} = {value}"));
    }
    if let Some(other) =
        words.iter().find(|word| matches!(word.text.as_str(), ">" | ">=" | "!=" | "<>" | "are" | "equals"))
    {
        let what = format!("there is no comparison {:?}", other.text);
        return Wrong::new(other.at.clone(), what, "there are =, ==, <, <=, is, contains and lacks");
    }
    Wrong::new(last.end..last.end, "nothing is compared", format!("write: {usage}"))
}
