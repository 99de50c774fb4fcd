//! Each command's own words.

use super::super::arguments::{Argument, Arguments, Read, unknown_key};
use super::super::command::{
    Apply, Around, Banking, BillDeed, Billing, Bills, BudgetAsked, BudgetSet, Capture, Command, Crediting, Ends,
    Estimate, ExportAsked, Fact, NewAccount, NewCoupon, NewGrant, NewHold, NewMember, NewOrder, NewWallet, Off,
    Ordered, Ordering, Outage, Paying, Place, Provider, Setting, Start, TopUp, UnitsAsked, Use, When,
};
use super::super::profile::{self, zone_of};
use super::super::stage::Bill;
use super::super::text::Wrong;
use super::{Asked, Reader};
use farthing_core::budget::{Does, Of, Step};
use farthing_core::config::{Size, nearest};
use farthing_core::export::{ExportWhat, FileFormat};
use farthing_core::measure::{DataStep, Quantity, Unit};
use farthing_core::money::{Currency, Locale, Money};
use farthing_core::policy::{AtExpiry, Pay};
use farthing_core::rate::Percent;
use farthing_core::time::{CivilDate, Instant, Span};
use std::collections::BTreeMap;

/// Commands that report what was, and so may be dated back.
const FACTS: [&str; 16] = [
    "start",
    "stop",
    "resume",
    "resize",
    "delete",
    "restore",
    "fail",
    "heartbeat",
    "gauge",
    "use",
    "inventory",
    "topup",
    "transfer-in",
    "chargeback",
    "capture",
    "write",
];

/// Keys of their own that events have besides: whose product it is, in which project, by whom.
const EVENT_KEYS: [&str; 3] = ["product", "project", "user"];

/// What usage and resources carry besides their own keys.
type Properties = BTreeMap<String, String>;

const METHOD: &str = "write it like card:visa, sepa:main or balance";

impl Reader<'_> {
    /// A command, and the accounts it is about.
    pub(super) fn command(&mut self, name: &str, mut arguments: Arguments<'_>) -> Read<(Asked, Vec<String>)> {
        let at = if FACTS.contains(&name) { arguments.key("at").map(|at| at.time()).transpose()? } else { None };
        let command = self.read(name, &mut arguments)?;
        arguments.finish()?;
        // Before and after: a move is about both its accounts.
        let mut accounts = self.touched(&command);
        self.name_all(&command);
        accounts.extend(self.touched(&command));
        accounts.sort_unstable();
        accounts.dedup();
        Ok((Asked { command, at }, accounts))
    }

    fn read(&mut self, name: &str, words: &mut Arguments<'_>) -> Read<Command> {
        Ok(match name {
            "account" => self.new_account(words)?,
            "project" => Command::Project {
                project: words.name("the project's name")?,
                account: self.account(&words.need("account")?)?,
            },
            "member" => self.member(words)?,
            "move" => Command::Move {
                project: self.project(&words.word("the project")?)?,
                to: self.account(&words.need("to")?)?,
            },
            "close" => Command::Close { account: self.account(&words.word("the account")?)? },
            "keep" => Command::Keep { name: words.name("what to keep")? },
            "set" => self.set(words)?,
            "start" => self.start(words)?,
            "gauge" => {
                let name = words.name("the name of what is measured")?;
                Command::Fact { name, fact: Fact::Gauge(words.word("its size")?.size()?) }
            }
            "stop" | "resume" | "resize" | "delete" | "restore" | "fail" | "heartbeat" => {
                let of = words.name("the name of the resource")?;
                Command::Fact { name: of, fact: fact(name, words)? }
            }
            "use" => self.usage(words)?,
            "inventory" => {
                Command::Inventory { account: self.account(&words.word("the account")?)?, names: words.names()? }
            }
            "outage" => self.outage(words)?,
            "no-outage" => Command::NoOutage { name: words.name("the name of the outage")? },
            "topup" | "refund" => {
                let account = self.account(&words.word("the account")?)?;
                let amount = words.word("the amount")?.amount(self.currency_of(&account))?;
                let method = method(words)?;
                let called = words.key("as").map(|called| called.name()).transpose()?;
                if name == "topup" {
                    Command::TopUp(TopUp { account, amount, method, name: called })
                } else {
                    Command::Paying(Paying::Refund { account, amount, name: called })
                }
            }
            "approve" | "refuse" => {
                let of = words.name("the payment, refund or account")?;
                let currency = self.currency_of(&of);
                let amount = words.key("amount").map(|amount| amount.amount(currency)).transpose()?;
                Command::Paying(Paying::Decide { name: of, approve: name == "approve", amount })
            }
            "dispute" => {
                let bill = self.bill(words)?;
                let amount = self.amount_of(&bill, words)?;
                let reason = words.key("reason").map(|reason| reason.text()).transpose()?.unwrap_or_default();
                Command::Billing(Billing::Bill { bill, deed: BillDeed::Dispute { amount, reason } })
            }
            "credit-note" => {
                let bill = self.bill(words)?;
                let amount = self.amount_of(&bill, words)?;
                Command::Billing(Billing::Bill { bill, deed: BillDeed::Credit { amount } })
            }
            "invoice" => {
                let account = self.account(&words.word("the account")?)?;
                let name = words.name("the invoice's name")?;
                let from = words.key("from").map(|from| from.time()).transpose()?;
                let to = words.key("to").map(|to| to.time()).transpose()?;
                let charges = match words.key("charges").filter(|list| list.text != "all") {
                    None => Vec::new(),
                    Some(list) => {
                        let number = |text: &str| text.trim().parse::<i64>();
                        let numbers: Result<Vec<i64>, _> = list.text.split(',').map(number).collect();
                        numbers.map_err(|_| {
                            list.wrong("this is no list of charges", "write their numbers, like 1,2,5, or all")
                        })?
                    }
                };
                Command::Billing(Billing::Invoice { account, name, charges, from, to })
            }
            "reissue" => Command::Billing(Billing::Bill { bill: self.bill(words)?, deed: BillDeed::Reissue }),
            "write-off" => Command::Billing(Billing::Bill { bill: self.bill(words)?, deed: BillDeed::WriteOff }),
            "method" => self.method(words)?,
            "chargeback" => {
                let of = words.name("the payment or account")?;
                let currency = self.currency_of(&of);
                let amount = words.word_if_any().or_else(|| words.key("amount"));
                let amount = amount.map(|amount| amount.amount(currency)).transpose()?;
                let won = words.key("won").map(|won| won.yes()).transpose()?;
                let _ = method(words)?;
                Command::Paying(Paying::Chargeback { name: of, amount, won })
            }
            "provider" => {
                let words_known = [
                    ("decline", Provider::Decline),
                    ("timeout", Provider::Timeout),
                    ("silent", Provider::Silent),
                    ("recover", Provider::Recover),
                ];
                let mood = words.word("decline, timeout, silent or recover")?.choice(&words_known, 4)?;
                Command::Paying(Paying::Provider(mood))
            }
            "scan" => {
                let name = words.name("the payment or account")?;
                let own = self.currency_of(&name);
                let currency = match words.key("currency") {
                    None => own,
                    Some(code) => Currency::parse(code.text)
                        .map_err(|error| code.wrong(error.to_string(), "write its code, like CNY"))?,
                };
                let paid = words.key("paid").map(|paid| paid.amount(currency)).transpose()?;
                Command::Paying(Paying::Scan { name, paid })
            }
            "waive" => {
                let account = self.account(&words.word("the account")?)?;
                let amount = words.word("the amount")?.amount(self.currency_of(&account))?;
                let product = words.need("product")?.catalogue_name()?;
                let reason = words.need("reason")?.text()?;
                Command::Paying(Paying::Waive { account, amount, product, reason })
            }
            "fund" => {
                let account = self.account(&words.word("the wallet")?)?;
                let amount = words.word("the amount")?.amount(self.currency_of(&account))?;
                Command::Paying(Paying::Fund { account, amount })
            }
            "export" => Command::Paying(Paying::Export(self.export(words)?)),
            "bill" => Command::Paying(Paying::Bill { account: self.account(&words.word("the account")?)? }),
            "transfer-in" => Command::Paying(Paying::Bank(self.transfer_in(words)?)),
            "bank" => Command::Paying(Paying::Bank(self.bank(words)?)),
            "assign" => {
                let account = self.account(&words.word("the account")?)?;
                let billed = words.key("bill").map(|bill| bill.choice(&[("latest", true)], 1)).transpose()?;
                Command::Paying(Paying::Bank(Banking::Assign { account, billed: billed.unwrap_or(false) }))
            }
            "send-back" => Command::Paying(Paying::Bank(Banking::SendBack)),
            "set-aside" => Command::Paying(Paying::Bank(Banking::SetAside)),
            "grant" => self.grant(words)?,
            "coupon" => Command::Crediting(Crediting::Coupon(self.coupon(words)?)),
            "redeem" => Command::Crediting(Crediting::Redeem {
                account: self.account(&words.word("the account")?)?,
                code: words.word("the code")?.text()?,
            }),
            "budget" => self.budget(words)?,
            "units" | "buy" => Command::Units(self.units(name, words)?),
            "trial" => Command::Paying(Paying::Trial {
                account: self.account(&words.word("the account")?)?,
                method: method(words)?,
            }),
            "reserve" => {
                let name = words.name("the reservation's name")?;
                let account = self.account(&words.need("account")?)?;
                let product = words.need("product")?.catalogue_name()?;
                let (meters, _) = self.counted(words)?;
                if meters.is_empty() {
                    return Err(words.missing("METER=QUANTITY"));
                }
                Command::Paying(Paying::Reserve { name, account, product, meters })
            }
            "authorise" => {
                let name = words.name("the hold's name")?;
                let account = self.account(&words.need("account")?)?;
                let amount = words.need("amount")?.amount(self.currency_of(&account))?;
                let ttl = words.key("ttl").map(|ttl| ttl.duration()).transpose()?;
                Command::Authorise(NewHold { name, account, amount, ttl })
            }
            "capture" => {
                let hold = words.name("the hold")?;
                let amount = words.word("the amount")?.amount(self.currency_of(&hold))?;
                let last = words.key("final").map_or(Ok(false), |last| last.yes())?;
                Command::Capture(Capture { hold, amount, last })
            }
            "release" => Command::Release { hold: words.name("the hold")? },
            "apply" => self.apply(words)?,
            "down" => Command::Down(words.word("how long")?.span()?),
            "crash" => Command::Crash,
            "order" | "pay" | "cancel" | "expire" => Command::Ordering(self.ordering(name, words)?),
            _ => Command::Around(self.around(name, words)?),
        })
    }

    /// `latest acme`, or a number.
    fn bill(&mut self, words: &mut Arguments<'_>) -> Read<Bill> {
        let first = words.word("the bill")?;
        if first.text == "latest" {
            return Ok(Bill::LatestOf(self.account(&words.word("the account")?)?));
        }
        Ok(Bill::Named(first.text()?))
    }

    fn amount_of(&mut self, bill: &Bill, words: &mut Arguments<'_>) -> Read<Option<Money>> {
        let currency = match bill {
            Bill::LatestOf(account) | Bill::StatementOf(account) | Bill::InvoiceOf(account) => {
                self.currency_of(account)
            }
            Bill::Named(_) => self.currency(),
        };
        words.key("amount").map(|amount| amount.amount(currency)).transpose()
    }

    fn export(&mut self, words: &mut Arguments<'_>) -> Read<ExportAsked> {
        let name = words.name("what the story calls the file")?;
        let account = words.key("account").map(|account| self.account(&account)).transpose()?;
        let whats = ExportWhat::ALL.map(|what| (what.name(), what));
        let what = words.key("what").map(|what| what.choice(&whats, whats.len())).transpose()?;
        let formats = [(FileFormat::Csv.name(), FileFormat::Csv), (FileFormat::Json.name(), FileFormat::Json)];
        let format = words.key("format").map(|format| format.choice(&formats, formats.len())).transpose()?;
        let mut asked = ExportAsked {
            name,
            account,
            what: what.unwrap_or(ExportWhat::Charges),
            format: format.unwrap_or(FileFormat::Csv),
            from: words.key("from").map(|from| from.time()).transpose()?,
            to: words.key("to").map(|to| to.time()).transpose()?,
            product: words.key("product").map(|product| product.catalogue_name()).transpose()?,
            project: words.key("project").map(|project| self.project(&project)).transpose()?,
            resource: words.key("resource").map(|resource| resource.name()).transpose()?,
            user: words.key("user").map(|user| user.name()).transpose()?,
            label: None,
            mail: words.key("mail").map_or(Ok(false), |mail| mail.yes())?,
        };
        for (key, value, at) in words.rest() {
            let Some(label) = key.strip_prefix("label.").filter(|label| !label.is_empty() && asked.label.is_none())
            else {
                return Err(unknown_key(key, at, &["label.KEY"], words.usage));
            };
            asked.label = Some((label.to_owned(), value.text()?));
        }
        Ok(asked)
    }

    fn ordering(&mut self, name: &str, words: &mut Arguments<'_>) -> Read<Ordering> {
        Ok(match name {
            "order" => Ordering::Order(self.order(words)?),
            "pay" => Ordering::Pay {
                order: words.name("the order")?,
                method: method(words)?,
                coupon: words.key("coupon").map(|code| code.text()).transpose()?,
                credit: words.key("credit").map(|grant| grant.name()).transpose()?,
            },
            "cancel" => Ordering::Cancel {
                order: words.name("the order")?,
                when: words
                    .key("when")
                    .map(|when| when.choice(&[("now", When::Now), ("end", When::AtTheEnd)], 2))
                    .transpose()?,
            },
            _ => Ordering::Expire {
                name: words.name("what expires")?,
                becomes: words.word("renew, stop or convert")?.choice(&AT_EXPIRY, 3)?,
            },
        })
    }

    fn around(&mut self, name: &str, words: &mut Arguments<'_>) -> Read<Around> {
        Ok(match name {
            "estimate" => Around::Estimate(self.estimate(words)?),
            "write" => {
                Around::Write { name: words.name("the space")?, size: words.word("how much is written")?.size()? }
            }
            "mail" => Around::Mail { ok: words.word("ok or fail")?.choice(&[("ok", true), ("fail", false)], 2)? },
            other => unreachable!("{other} is a command that is read elsewhere"),
        })
    }

    fn method(&mut self, words: &mut Arguments<'_>) -> Read<Command> {
        let add = words.word("add or remove")?.choice(&[("add", true), ("remove", false)], 2)?;
        let account = self.account(&words.word("the account")?)?;
        let method = words.word("the method")?.text()?;
        Ok(Command::Paying(if add {
            let default = words.key("default").map_or(Ok(false), |yes| yes.yes())?;
            Paying::MethodAdd { account, method, default }
        } else {
            Paying::MethodRemove { account, method }
        }))
    }

    // --- Who there is

    fn new_account(&mut self, words: &mut Arguments<'_>) -> Read<Command> {
        let word = words.word("the account's name")?;
        let name = word.name()?;
        if !self.trying && self.accounts.contains_key(&name) {
            return Err(word.wrong(format!("there is an account {name:?} already"), "give this one another name"));
        }
        let currency = match words.key("currency") {
            None => self.currency(),
            Some(code) => {
                Currency::parse(code.text).map_err(|error| code.wrong(error.to_string(), "write its code, like USD"))?
            }
        };
        let settings = settings(words, currency)?;
        Ok(Command::Account(NewAccount { name, currency, settings }))
    }

    fn member(&mut self, words: &mut Arguments<'_>) -> Read<Command> {
        let name = words.name("the member's name")?;
        let account = words.key("account").map(|account| self.account(&account)).transpose()?;
        let project = words.key("project").map(|project| self.project(&project)).transpose()?;
        if account.is_none() && project.is_none() {
            return Err(words.missing("account= or project="));
        }
        let role = words.key("role").map(|role| role.catalogue_name()).transpose()?;
        let has_wallet = words.key("wallet").map(|wallet| wallet.on()).transpose()?.unwrap_or(false);
        let wallet = match account.as_deref().filter(|_| has_wallet) {
            None if has_wallet => return Err(words.missing("account=")),
            None => None,
            Some(account) => {
                let currency = self.currency_of(account);
                let threshold = words.key("threshold").map(|amount| amount.amount(currency)).transpose()?;
                let stop = words.key("stop_on_overdue").map(|stop| stop.on()).transpose()?;
                Some(NewWallet { threshold, stop_on_overdue: stop })
            }
        };
        Ok(Command::Member(NewMember { name, account, project, role, wallet }))
    }

    fn set(&mut self, words: &mut Arguments<'_>) -> Read<Command> {
        let account = self.account(&words.word("the account")?)?;
        let settings = settings(words, self.currency_of(&account))?;
        if settings.is_empty() {
            return Err(words.missing("what is set"));
        }
        Ok(Command::Set { account, settings })
    }

    // --- What the cloud reports

    /// A project, or where there is none the account itself.
    fn place(&mut self, words: &mut Arguments<'_>) -> Read<Option<Place>> {
        match (words.key("project"), words.key("account")) {
            (Some(_), Some(account)) => Err(account.wrong("a project has its account already", "leave account= out")),
            (Some(project), None) => self.project(&project).map(|name| Some(Place::Project(name))),
            (None, Some(account)) => self.account(&account).map(|name| Some(Place::Account(name))),
            (None, None) => Ok(None),
        }
    }

    fn start(&mut self, words: &mut Arguments<'_>) -> Read<Command> {
        let name = words.name("the name of the resource")?;
        let place = self.place(words)?;
        let product = words.key("product").map(|product| product.catalogue_name()).transpose()?;
        let sku = words.key("sku").map(|sku| sku.catalogue_name()).transpose()?;
        let size = words.key("size").map(|size| size.size()).transpose()?;
        let user = words.key("user").map(|user| user.name()).transpose()?;
        let state = words.key("state").map(|state| state.catalogue_name()).transpose()?;
        let mut labels = BTreeMap::new();
        let mut properties = BTreeMap::new();
        for (key, value, at) in words.rest() {
            if let Some(label) = key.strip_prefix("label.").filter(|label| !label.is_empty()) {
                labels.insert(label.to_owned(), value.text()?);
            } else if self.properties.contains(key) {
                properties.insert(key.to_owned(), value.text()?);
            } else {
                return Err(self.unknown(key, at, words));
            }
        }
        // What was there before is started again, as it was where the line does not say.
        if !self.belongs.contains_key(&name) {
            let missing = [("project=", place.is_none()), ("product=", product.is_none())];
            if let Some((key, _)) = missing.into_iter().find(|(_, missing)| *missing) {
                return Err(words.missing(key));
            }
        }
        let start = Start { place, product, sku, size, user, state, labels, properties };
        Ok(Command::Fact { name, fact: Fact::Start(start) })
    }

    /// A key that is neither a command's own nor a property that prices look at.
    fn unknown(&self, key: &str, at: std::ops::Range<usize>, words: &Arguments<'_>) -> Wrong {
        let known: Vec<&str> =
            words.known().iter().copied().chain(self.properties.iter().map(String::as_str)).collect();
        unknown_key(key, at, &known, words.usage)
    }

    fn usage(&mut self, words: &mut Arguments<'_>) -> Read<Command> {
        let subject = words.name("the resource or account")?;
        let id = words.key("id").map(|id| id.text()).transpose()?;
        let source = words.key("source").map(|source| source.text()).transpose()?;
        let times = words.key("times").map(|times| Ok::<_, Wrong>((times.count()?, times))).transpose()?;
        if let Some((0, times)) = &times {
            return Err(times.wrong("nothing is used 0 times", "write how often, or leave the line out"));
        }
        let every = words.key("every").map(|every| Ok::<_, Wrong>((every.duration()?, every))).transpose()?;
        if let (None, Some((_, every))) = (&times, &every) {
            return Err(every.wrong("nothing says how often", "write times=N too"));
        }
        let (meters, properties) = self.counted(words)?;
        if meters.is_empty() {
            return Err(words.missing("METER=QUANTITY"));
        }
        Ok(Command::Use(Use {
            subject,
            meters,
            properties,
            id,
            source,
            times: times.map_or(1, |(times, _)| times),
            every: every.map(|(every, _)| every),
        }))
    }

    fn budget(&mut self, words: &mut Arguments<'_>) -> Read<Command> {
        let name = words.name("the budget's name")?;
        let account = self.account(&words.need("account")?)?;
        let Some(month) = words.need("month")?.amount_or_off(self.currency_of(&account))? else {
            return Ok(Command::Budget(BudgetAsked { account, name, set: None }));
        };
        let project = words.key("project").map(|project| self.project(&project)).transpose()?;
        let (mut steps, mut label) = (Vec::new(), None);
        let kinds = [
            ("notify", Of::Actual, Does::Notify),
            ("forecast", Of::Forecast, Does::Notify),
            ("block", Of::Actual, Does::Block),
            ("stop", Of::Actual, Does::Stop),
        ];
        for (key, of, does) in kinds {
            let Some(value) = words.key(key) else { continue };
            for part in value.text.split(',') {
                let percent =
                    part.parse().map_err(|_| value.wrong("steps are whole per cents", "write them like 50,80"))?;
                steps.push(Step { of, percent, does });
            }
        }
        for (key, value, at) in words.rest() {
            let Some(key) = key.strip_prefix("label.").filter(|_| label.is_none()) else {
                return Err(self.unknown(key, at, words));
            };
            label = Some((key.to_owned(), value.text()?));
        }
        Ok(Command::Budget(BudgetAsked { account, name, set: Some(BudgetSet { project, label, month, steps }) }))
    }

    fn outage(&self, words: &mut Arguments<'_>) -> Read<Command> {
        let product = words.word("the product")?.catalogue_name()?;
        let (from, to) = (words.need("from")?, words.need("to")?);
        let (start, end): (Instant, Instant) = (from.time()?, to.time()?);
        if end <= start {
            return Err(to.wrong("the outage ends before it begins", "write from= with the earlier time"));
        }
        let name = words.key("name").map(|name| name.name()).transpose()?;
        let sku = words.key("sku").map(|sku| sku.catalogue_name()).transpose()?;
        let resource = words.key("resource").map(|resource| resource.name()).transpose()?;
        let mut properties = BTreeMap::new();
        for (key, value, at) in words.rest() {
            if !self.properties.contains(key) {
                return Err(self.unknown(key, at, words));
            }
            properties.insert(key.to_owned(), value.text()?);
        }
        Ok(Command::Outage(Outage { name, product, from: start, to: end, sku, resource, properties }))
    }

    /// What is left are meters with how much of them, in their own units, and properties: those that prices or meters look
    /// at, and any others that are no quantities (who visited, from where), which events may carry too.
    fn counted(&mut self, words: &mut Arguments<'_>) -> Read<(Vec<(String, Size)>, Properties)> {
        let (mut meters, mut properties) = (Vec::<(String, Size)>::new(), Properties::new());
        for (key, value, at) in words.rest() {
            let known = meters.iter().any(|(known, _)| known == key) || properties.contains_key(key);
            if known || words.known().contains(&key) {
                return Err(unknown_key(key, at, &[key], words.usage));
            }
            let unit = self.meter_unit(key);
            if unit.is_none() && (self.properties.contains(key) || EVENT_KEYS.contains(&key)) {
                properties.insert(key.to_owned(), value.text()?);
            } else if unit.is_some() || self.trying {
                meters.push((key.to_owned(), self.in_unit(&value, unit.as_ref())?));
            } else {
                let catalog = self.current.as_ref().map(|files| &files.profile.catalog);
                let own = catalog.into_iter().flat_map(|catalog| &catalog.meter).map(|meter| meter.id.as_str());
                let keys = words.known().iter().copied().chain(EVENT_KEYS);
                let known: Vec<&str> = own.chain(self.properties.iter().map(String::as_str)).chain(keys).collect();
                if value.size().is_err() && nearest(key, known.iter().copied()).is_none() {
                    properties.insert(key.to_owned(), value.text()?);
                    continue;
                }
                let mut wrong = unknown_key(key, at, &known, words.usage);
                wrong.what = format!("there is no meter {key:?} in this cloud");
                return Err(wrong);
            }
        }
        Ok((meters, properties))
    }

    /// What a meter counts in.
    fn meter_unit(&self, meter: &str) -> Option<Unit> {
        let catalog = &self.current.as_ref()?.profile.catalog;
        catalog.meter.iter().find(|known| known.id.as_str() == meter).map(|meter| meter.unit.clone())
    }

    /// A quantity in the unit of its meter, exactly: 1TB is 1024 of what counts in GB.
    fn in_unit(&self, value: &Argument<'_>, unit: Option<&Unit>) -> Read<Size> {
        let size = value.size()?;
        let (Some(written), Some(unit)) = (&size.unit, unit) else { return Ok(size) };
        let step = self.current.as_ref().map_or(DataStep::Binary, |files| files.profile.policy.cloud.data_step);
        let exact = written.per(unit, step).and_then(|(one, other)| {
            let scaled = i128::from(size.quantity.millionths()) * i128::from(one);
            let whole = (scaled % i128::from(other) == 0).then(|| scaled / i128::from(other))?;
            i64::try_from(whole).ok()
        });
        match exact {
            Some(millionths) => Ok(Size { quantity: Quantity::from_millionths(millionths), unit: None }),
            None => Err(value.wrong(
                format!("{size} cannot be counted in {unit}"),
                format!("write how many {}", unit.beside(false)),
            )),
        }
    }

    // --- Purchases, money, credits

    fn order(&mut self, words: &mut Arguments<'_>) -> Read<NewOrder> {
        let name = words.name("the order's name")?;
        let place = self.place(words)?;
        let what = if let Some(addon) = words.key("addon") {
            Ordered::Addon { addon: addon.catalogue_name()?, parent: words.need("parent")?.name()? }
        } else {
            if place.is_none() {
                return Err(words.missing("account= or project="));
            }
            let product = words.need("product")?.catalogue_name()?;
            Ordered::Product { product, sku: words.key("sku").map(|sku| sku.catalogue_name()).transpose()? }
        };
        let quantity = words.key("qty").map(|quantity| quantity.quantity()).transpose()?;
        let renew = words.key("renew").map(|renew| renew.choice(&RENEW, 3)).transpose()?;
        let mut properties = BTreeMap::new();
        for (key, value, at) in words.rest() {
            if !self.properties.contains(key) {
                return Err(self.unknown(key, at, words));
            }
            properties.insert(key.to_owned(), value.text()?);
        }
        Ok(NewOrder { name, place, what, quantity, renew, properties })
    }

    fn estimate(&mut self, words: &mut Arguments<'_>) -> Read<Estimate> {
        let named = words.word_if_any().or_else(|| words.key("product")).ok_or_else(|| words.missing("the product"))?;
        let (product, sku) = match named.text.split_once('/') {
            Some((product, sku)) => (named.part(product), Some(named.part(sku))),
            None => (named, words.key("sku")),
        };
        let account = words.key("account").map(|account| self.account(&account)).transpose()?;
        let quantity = words.key("qty").map(|quantity| quantity.quantity()).transpose()?;
        let size = words.key("size").map(|size| size.size()).transpose()?;
        let lasting = words.key("for").map(|span| span.span()).transpose()?;
        let (meters, properties) = self.counted(words)?;
        let (product, sku) = (product.catalogue_name()?, sku.map(|sku| sku.catalogue_name()).transpose()?);
        Ok(Estimate { product, sku, account, quantity, size, lasting, meters, properties })
    }

    fn transfer_in(&mut self, words: &mut Arguments<'_>) -> Read<Banking> {
        let first = words.word("the amount")?;
        let (account, amount) = match words.word_if_any() {
            Some(amount) => (Some(self.account(&first)?), amount),
            None => (None, first),
        };
        let currency = account.as_deref().map_or(self.currency(), |account| self.currency_of(account));
        let text = words.key("ref").map(|text| text.text()).transpose()?;
        let from = words.key("from").map(|from| from.text()).transpose()?;
        let by = words.key("by").map(|by| by.text()).transpose()?;
        if account.is_none() && text.is_none() {
            return Err(words.missing("ref="));
        }
        Ok(Banking::TransferIn { account, amount: amount.amount(currency)?, text, from, by })
    }

    fn bank(&mut self, words: &mut Arguments<'_>) -> Read<Banking> {
        let known = [("settles", 0), ("repeats", 1), ("refuses", 2), ("returns", 3)];
        let what = words.word("what the bank does")?.choice(&known, 4)?;
        if what < 2 {
            return Ok(if what == 0 { Banking::Settles } else { Banking::Repeats });
        }
        let name = words.name("the payment or account")?;
        let code = words.need("code")?.text()?;
        if what == 2 {
            return Ok(Banking::Refuses { name, code });
        }
        let currency = self.currency_of(&name);
        let fee = words.key("fee").map(|fee| fee.amount(currency)).transpose()?;
        Ok(Banking::Returns { name, code, fee })
    }

    fn grant(&mut self, words: &mut Arguments<'_>) -> Read<Command> {
        let name = words.name("the grant's name")?;
        let account = self.account(&words.need("account")?)?;
        if let Some(gift) = words.key("gift") {
            return Ok(Command::Crediting(Crediting::Gift { name, account, gift: gift.catalogue_name()? }));
        }
        let currency = self.currency_of(&account);
        let amount = words.key("amount").ok_or_else(|| words.missing("amount= or gift="))?.amount(currency)?;
        let products = words.key("product").map_or(Ok(Vec::new()), |products| products.catalogue_names())?;
        let priority = words.key("priority").map(|priority| priority.count()).transpose()?;
        let expires = words.key("expires").map(|expires| ends(&expires)).transpose()?;
        let every = words.key("every").map(|every| every.span()).transpose()?;
        let times = words.key("times").map(|times| times.count()).transpose()?;
        let rollover = words.key("rollover").map(|most| most.amount(currency)).transpose()?;
        let grant = NewGrant { name, account, amount, products, priority, expires };
        match every {
            Some(every) => Ok(Command::Crediting(Crediting::Recurring { grant, every, times, rollover })),
            None if times.is_some() || rollover.is_some() => Err(words.missing("every=")),
            None => Ok(Command::Grant(grant)),
        }
    }

    fn units(&mut self, name: &str, words: &mut Arguments<'_>) -> Read<UnitsAsked> {
        let account = self.account(&words.word("the account")?)?;
        let units = if name == "buy" { words.need("qty")? } else { words.word("how many")? }.quantity()?;
        let product = words.key("product").map(|product| product.catalogue_name()).transpose()?;
        if name == "buy" {
            return Ok(UnitsAsked::Buy { account, units, product });
        }
        let expires = words.key("expires").map(|expires| ends(&expires)).transpose()?;
        let every = words.key("every").map(|every| every.duration()).transpose()?;
        let reason = words.key("reason").map(|reason| reason.text()).transpose()?.unwrap_or_default();
        Ok(UnitsAsked::Give { account, units, product, expires, every, reason })
    }

    fn coupon(&mut self, words: &mut Arguments<'_>) -> Read<NewCoupon> {
        let code = words.word("the code")?.text()?;
        let (percent, amount, free) = (words.key("percent"), words.key("amount"), words.key("free_periods"));
        let off = match (percent, amount, free) {
            (Some(percent), None, None) => {
                let text = percent.text.strip_suffix('%').unwrap_or(percent.text);
                Off::Percent(
                    Percent::parse(text).map_err(|error| percent.wrong(error.to_string(), "write it like 20"))?,
                )
            }
            (None, Some(amount), None) => Off::Amount(amount.amount(self.currency())?),
            (None, None, Some(free)) => Off::FreePeriods(free.count()?),
            (Some(_), Some(more), _) | (_, Some(more), Some(_)) | (Some(more), _, Some(_)) => {
                return Err(more.wrong("a coupon takes off a percentage or an amount", "leave one of them out"));
            }
            (None, None, None) => return Err(words.missing("percent= or amount=")),
        };
        let count = |words: &mut Arguments<'_>, key| words.key(key).map(|count| count.count()).transpose();
        let names =
            |words: &mut Arguments<'_>, key| words.key(key).map_or(Ok(Vec::new()), |names| names.catalogue_names());
        Ok(NewCoupon {
            code,
            off,
            products: names(words, "product")?,
            skus: names(words, "sku")?,
            first_order: words.key("first_order").map_or(Ok(false), |first| first.yes())?,
            redemptions: count(words, "redemptions")?,
            per_account: count(words, "per_account")?,
            per_period: words.key("per_period").map(|limit| per_period(&limit)).transpose()?,
            bills: words.key("bills").map(|bills| bills_of(&bills)).transpose()?,
            from: words.key("from").map(|from| moment(&from)).transpose()?,
            expires: words.key("expires").map(|expires| ends(&expires)).transpose()?,
        })
    }

    // --- Versions

    fn apply(&mut self, words: &mut Arguments<'_>) -> Read<Command> {
        let file = words.word("the file")?;
        let starts = words.key("starts").map(|starts| starts.time()).transpose()?;
        let corrects = match words.key("corrects") {
            Some(number) => Some(i64::from(number.count()?)),
            None => None,
        };
        let path = self.beside(file.text);
        let Some(before) = &self.current else {
            return Err(file.wrong("there is no profile that it could change", "mend the `cloud` line first"));
        };
        let files = match profile::with_file(before, &path) {
            Ok(files) => Ok(Box::new(files)),
            // That such a file is refused is a story too.
            Err((what, _)) if self.trying && path.exists() => Err(what),
            Err((what, remedy)) => return Err(file.wrong(what, remedy)),
        };
        if let (Ok(files), false) = (&files, self.trying) {
            self.now_in_force(files.as_ref().clone());
        }
        Ok(Command::Apply { change: Apply { file: Some(path), starts, corrects }, files })
    }

    // --- Names

    /// What a command names from here on.
    fn name_all(&mut self, command: &Command) {
        if self.trying {
            return;
        }
        let (name, of) = match command {
            Command::Account(account) => {
                self.accounts.insert(account.name.clone(), account.currency);
                return;
            }
            Command::Member(NewMember { name, account: Some(account), wallet: Some(_), .. }) => {
                let currency = self.currency_of(account);
                self.accounts.insert(name.clone(), currency);
                return;
            }
            Command::Project { project, account } => {
                self.projects.insert(project.clone());
                (project, Some(account.as_str()))
            }
            Command::Move { project, to } => (project, Some(to.as_str())),
            Command::Fact { name, fact: Fact::Start(start) } => (name, start.place.as_ref().map(Place::name)),
            Command::Grant(NewGrant { name, account, .. })
            | Command::Crediting(
                Crediting::Gift { name, account, .. }
                | Crediting::Recurring { grant: NewGrant { name, account, .. }, .. },
            ) => {
                self.grants.insert(name.clone());
                (name, Some(account.as_str()))
            }
            Command::Authorise(hold) => (&hold.name, Some(hold.account.as_str())),
            Command::Ordering(Ordering::Order(order)) => {
                let parent = if let Ordered::Addon { parent, .. } = &order.what { Some(parent.as_str()) } else { None };
                (&order.name, order.place.as_ref().map(Place::name).or(parent))
            }
            Command::TopUp(TopUp { account, name: Some(name), .. })
            | Command::Paying(
                Paying::Refund { account, name: Some(name), .. }
                | Paying::Reserve { name, account, .. }
                | Paying::Export(ExportAsked { name, account: Some(account), .. }),
            )
            | Command::Billing(Billing::Invoice { account, name, .. }) => (name, Some(account.as_str())),
            Command::Member(member) => (&member.name, member.account.as_deref().or(member.project.as_deref())),
            _ => return,
        };
        if let Some(of) = of.filter(|of| of != name) {
            self.belongs.insert(name.clone(), of.to_owned());
        }
    }

    /// The accounts that a command is about.
    fn touched(&self, command: &Command) -> Vec<String> {
        let names: Vec<&str> = match command {
            Command::Account(account) => vec![&account.name],
            Command::Project { account, .. }
            | Command::Close { account }
            | Command::Set { account, .. }
            | Command::Inventory { account, .. }
            | Command::Crediting(Crediting::Gift { account, .. } | Crediting::Redeem { account, .. })
            | Command::Paying(
                Paying::Refund { account, .. }
                | Paying::MethodAdd { account, .. }
                | Paying::MethodRemove { account, .. }
                | Paying::Waive { account, .. }
                | Paying::Fund { account, .. }
                | Paying::Bill { account }
                | Paying::Trial { account, .. }
                | Paying::Reserve { account, .. }
                | Paying::Export(ExportAsked { account: Some(account), .. }),
            ) => vec![account],
            Command::Member(member) => member.account.iter().chain(&member.project).map(String::as_str).collect(),
            Command::Move { project, to } => vec![project, to],
            Command::Fact { name, fact: Fact::Start(start) } => {
                start.place.as_ref().map(Place::name).into_iter().chain([name.as_str()]).collect()
            }
            Command::Keep { name }
            | Command::Fact { name, .. }
            | Command::Paying(
                Paying::Chargeback { name, .. } | Paying::Decide { name, .. } | Paying::Scan { name, .. },
            ) => vec![name],
            Command::Use(used) => vec![&used.subject],
            Command::TopUp(top_up) => vec![&top_up.account],
            Command::Budget(asked) => vec![&asked.account],
            Command::Grant(grant) | Command::Crediting(Crediting::Recurring { grant, .. }) => vec![&grant.account],
            Command::Units(asked) => vec![asked.account()],
            Command::Authorise(hold) => vec![&hold.account],
            Command::Capture(capture) => vec![&capture.hold],
            Command::Release { hold } => vec![hold],
            Command::Ordering(ordering) => touched_ordering(ordering),
            Command::Billing(billing) => vec![billing.of()],
            Command::Around(around) => touched_around(around),
            Command::Outage(_)
            | Command::NoOutage { .. }
            | Command::Crediting(Crediting::Coupon(_))
            | Command::Apply { .. }
            | Command::Down(_)
            | Command::Crash
            | Command::Paying(Paying::Provider(_) | Paying::Export(_)) => Vec::new(),
            Command::Paying(Paying::Bank(banking)) => match banking {
                Banking::TransferIn { account, .. } => account.as_deref().into_iter().collect(),
                Banking::Assign { account, .. } => vec![account],
                Banking::Refuses { name, .. } | Banking::Returns { name, .. } => vec![name],
                Banking::Settles | Banking::Repeats | Banking::SendBack | Banking::SetAside => Vec::new(),
            },
        };
        names.into_iter().filter_map(|name| self.owner(name)).collect()
    }
}

fn touched_ordering(ordering: &Ordering) -> Vec<&str> {
    match ordering {
        Ordering::Order(order) => {
            let parent = if let Ordered::Addon { parent, .. } = &order.what { Some(parent.as_str()) } else { None };
            order.place.as_ref().map(Place::name).into_iter().chain(parent).collect()
        }
        Ordering::Pay { order: name, .. } | Ordering::Cancel { order: name, .. } | Ordering::Expire { name, .. } => {
            vec![name]
        }
        Ordering::Provisions(_) => Vec::new(),
    }
}

fn touched_around(around: &Around) -> Vec<&str> {
    match around {
        Around::Write { name, .. } => vec![name],
        Around::Estimate(estimate) => estimate.account.as_deref().into_iter().collect(),
        Around::Mail { .. } | Around::CloudAcks(_) => Vec::new(),
    }
}

const AT_EXPIRY: [(&str, AtExpiry); 3] =
    [("renew", AtExpiry::Renew), ("stop", AtExpiry::Stop), ("convert", AtExpiry::Convert)];
const RENEW: [(&str, AtExpiry); 4] =
    [("auto", AtExpiry::Renew), ("stop", AtExpiry::Stop), ("convert", AtExpiry::Convert), ("renew", AtExpiry::Renew)];

fn fact(name: &str, words: &mut Arguments<'_>) -> Read<Fact> {
    Ok(match name {
        "stop" => Fact::Stop,
        "resume" => Fact::Resume,
        "delete" => Fact::Delete,
        "restore" => Fact::Restore,
        "fail" => Fact::Fail,
        "heartbeat" => Fact::Heartbeat,
        _ => {
            let sku = words.key("sku").map(|sku| sku.catalogue_name()).transpose()?;
            let size = words.key("size").map(|size| size.size()).transpose()?;
            if sku.is_none() && size.is_none() {
                return Err(words.missing("sku= or size="));
            }
            Fact::Resize { sku, size }
        }
    })
}

/// `card:visa`, `balance`
fn method(words: &mut Arguments<'_>) -> Read<Option<String>> {
    let Some(method) = words.key("method") else { return Ok(None) };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.');
    if method.text.is_empty() || !method.text.bytes().all(plain) {
        return Err(method.wrong(format!("{:?} is not a method of payment", method.text), METHOD));
    }
    Ok(Some(method.text.to_owned()))
}

/// `3/1mo`: so often in each so long.
fn per_period(argument: &Argument<'_>) -> Read<(u32, Span)> {
    let Some((count, every)) = argument.text.split_once('/') else {
        return Err(argument.wrong("a limit in time says how often and in how long", "write it like 3/1mo"));
    };
    Ok((argument.part(count).count()?, argument.part(every).span()?))
}

fn bills_of(argument: &Argument<'_>) -> Read<Bills> {
    if argument.text == "all" { Ok(Bills::All) } else { argument.count().map(Bills::Some) }
}

/// A day, or a time.
fn moment(argument: &Argument<'_>) -> Read<String> {
    if CivilDate::parse(argument.text).is_err() {
        argument.time()?;
    }
    Ok(argument.text.to_owned())
}

/// A time, or how long from now.
fn ends(argument: &Argument<'_>) -> Read<Ends> {
    match argument.span() {
        Ok(span) => Ok(Ends::After(span)),
        Err(_) => argument.time().map(Ends::At),
    }
}

/// What an account says of itself, in any order. The words of the language's page and those of the policy both do.
fn settings(words: &mut Arguments<'_>, currency: Currency) -> Read<Vec<Setting>> {
    let mut settings: Vec<Setting> = Vec::new();
    const KNOWN: [&str; 20] = [
        "country",
        "region",
        "time_zone",
        "language",
        "pay",
        "company",
        "tax_number",
        "email",
        "auto_refill",
        "auto_refill.threshold",
        "auto_refill.amount",
        "auto_refill.monthly_max",
        "alert_threshold",
        "runway_days",
        "month_cost",
        "automatic_deduction",
        "member",
        "month_limit",
        "hour_limit",
        "stop_on_overdue",
    ];
    for (key, value, at) in words.rest() {
        let plain = key.replace('-', "_");
        let setting = match plain.as_str() {
            "country" => Setting::Country(country(&value)?),
            "region" => Setting::Region(value.text()?),
            "time_zone" | "zone" => Setting::TimeZone(zone_of(&value)?),
            "language" | "locale" => Setting::Language(language(&value)?),
            "pay" => Setting::Pay(value.choice(&[("prepaid", Pay::Prepaid), ("postpaid", Pay::Postpaid)], 2)?),
            "company" => Setting::Company(value.text()?),
            "tax_number" | "vat_number" => {
                Setting::TaxNumber(if matches!(value.text, "none" | "off" | "") { None } else { Some(value.text()?) })
            }
            "email" | "mail" => Setting::Email(value.text()?),
            "auto_refill" => Setting::AutoRefill(value.on()?),
            "auto_refill.threshold" => Setting::AutoRefillThreshold(value.amount(currency)?),
            "auto_refill.amount" => Setting::AutoRefillAmount(value.amount(currency)?),
            "auto_refill.monthly_max" => Setting::AutoRefillMonthlyMax(value.amount_or_off(currency)?),
            "alert_threshold" | "alert" | "low_balance" | "alerts.low_balance" => {
                Setting::AlertThreshold(value.amount_or_off(currency)?)
            }
            "runway_days" | "runway" | "alerts.runway_days" => {
                Setting::AlertRunway(if value.text == "off" { None } else { Some(value.count()?) })
            }
            "month_cost" | "budget" | "alerts.month_cost" => Setting::AlertMonthCost(value.amount_or_off(currency)?),
            "automatic_deduction" | "auto_deduction" => Setting::AutomaticDeduction(value.on()?),
            "member" => Setting::LimitOf(value.name()?),
            "month_limit" | "limit" => Setting::MonthLimit(value.amount_or_off(currency)?),
            "hour_limit" => Setting::HourLimit(value.amount_or_off(currency)?),
            "stop_on_overdue" => Setting::StopOnOverdue(value.on()?),
            _ => return Err(unknown_key(key, at, &KNOWN, words.usage)),
        };
        if settings.iter().any(|known| std::mem::discriminant(known) == std::mem::discriminant(&setting)) {
            return Err(unknown_key(key, at, &[key], words.usage));
        }
        settings.push(setting);
    }
    Ok(settings)
}

fn country(value: &Argument<'_>) -> Read<String> {
    match value.text.as_bytes() {
        [first, second] if first.is_ascii_uppercase() && second.is_ascii_uppercase() => Ok(value.text.to_owned()),
        _ => {
            Err(value
                .wrong(format!("{:?} is not a country", value.text), "write two capital letters of ISO 3166, like DE"))
        }
    }
}

fn language(value: &Argument<'_>) -> Read<Locale> {
    Locale::from_tag(value.text).ok_or_else(|| {
        let known: Vec<&str> = Locale::ALL.iter().map(|locale| locale.language()).collect();
        value.wrong(
            format!("{:?} is not a language here", value.text),
            format!("the languages are {}", known.join(", ")),
        )
    })
}
