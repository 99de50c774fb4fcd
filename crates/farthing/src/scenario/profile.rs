//! The profile a scenario begins with: a cloud's files, or `cloud new` with its `price` and `policy` lines, which are written
//! out as the same two files and read by the same reader. So a line means what its key means, and whatever is wrong with the
//! written-out files is told at the line of the scenario that it comes from.

use super::arguments::{Argument, Arguments, Read};
use super::stage::ProfileFiles;
use super::text::{Line, Wrong};
use crate::clouds::Folder;
use farthing_console::help_troubles;
use farthing_core::catalog::Catalog;
use farthing_core::config::{Cap, Item, Node, Severity, Size, Source};
use farthing_core::measure::{Per, PriceTag, TimeUnit, UnitPrice};
use farthing_core::money::{Currency, Money};
use farthing_core::policy::Policy;
use farthing_core::profile::{CATALOG_FILE, Checked, POLICY_FILE, Profile};
use farthing_core::time::{Duration, Zone};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

/// `cloud new`, as its lines are read.
#[derive(Clone, Debug)]
pub(super) struct NewCloud {
    at: Range<usize>,
    pub currency: Currency,
    zone: Zone,
    policies: Vec<PolicyLine>,
    prices: Vec<PriceLine>,
}

#[derive(Clone, Debug)]
struct PolicyLine {
    at: Range<usize>,
    key: String,
    /// As TOML.
    value: String,
}

#[derive(Clone, Debug)]
struct PriceLine {
    at: Range<usize>,
    product: String,
    sku: Option<String>,
    kind: Kind,
    price: Price,
    /// Taken before the price in money.
    units: Option<UnitPrice>,
    meter: Option<String>,
    free: Option<Size>,
    per: Option<&'static str>,
    size: Option<Size>,
    tiers: Vec<(Option<String>, String)>,
    mode: Option<&'static str>,
    cap: Option<Cap>,
    minimum: Option<Money>,
    round: Option<Duration>,
    fixed: bool,
}

#[derive(Clone, Debug)]
enum Price {
    Money(PriceTag),
    /// Taken from units bought ahead.
    Units(UnitPrice),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Running,
    Usage,
    Capacity,
    Term,
    Units,
    Once,
}

const KINDS: [(&str, Kind); 6] = [
    ("running", Kind::Running),
    ("usage", Kind::Usage),
    ("capacity", Kind::Capacity),
    ("term", Kind::Term),
    ("units", Kind::Units),
    ("once", Kind::Once),
];

const SCOPES: [(&str, &str); 4] =
    [("account", "account"), ("project", "project"), ("user", "user"), ("resource", "resource")];

impl NewCloud {
    /// `cloud new [currency=] [time_zone=]`
    pub(super) fn read(mut arguments: Arguments<'_>, at: Range<usize>) -> Read<NewCloud> {
        arguments.word("new")?;
        let currency = match arguments.key("currency") {
            None => Currency::USD,
            Some(code) => {
                Currency::parse(code.text).map_err(|error| code.wrong(error.to_string(), "write its code, like USD"))?
            }
        };
        let zone = match arguments.key("time_zone") {
            None => Zone::UTC,
            Some(zone) => zone_of(&zone)?,
        };
        arguments.finish()?;
        Ok(NewCloud { at, currency, zone, policies: Vec::new(), prices: Vec::new() })
    }

    /// `policy KEY = VALUE`, the value as in TOML, or one bare word.
    pub(super) fn policy(&mut self, line: &Line, source: &Source) -> Read<()> {
        const USAGE: &str = "write: policy KEY = VALUE, like policy settle.every = 5m";
        let said = line.at.start + "policy".len();
        let raw = &source.text[said..line.at.end];
        let place = |part: &str| {
            let start = said + (part.as_ptr() as usize - raw.as_ptr() as usize);
            start..start + part.len().max(1)
        };
        let Some((key, value)) = raw.split_once('=') else {
            return Err(Wrong::new(line.at.clone(), "a policy line sets a key", USAGE));
        };
        let (key, value) = (key.trim(), value.trim());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if key.is_empty() || !key.split('.').all(|part| !part.is_empty() && part.bytes().all(plain)) {
            let what = format!("{key:?} is not a key of cloud.toml");
            return Err(Wrong::new(place(key), what, "`farthing check --keys` prints them all, like settle.every"));
        }
        if value.is_empty() {
            return Err(Wrong::new(line.at.end..line.at.end, format!("`{key}` has no value"), USAGE));
        }
        // What TOML does not know comes back as it was written.
        let bare = matches!(Item::loose(value).node, Node::Text(text) if text == value);
        let value_toml = match value.find(|found: char| found.is_whitespace() || "\"'[]{},".contains(found)) {
            None if bare => format!("\"{}\"", escaped(value)),
            Some(_) if bare => {
                let quoted = value.contains(['"', '\'', '[', '{']);
                let remedy = if quoted {
                    "write it as in TOML: text in quotes, lists in [ ], tables in { }".to_owned()
                } else {
                    format!("more than one word needs quotes: \"{value}\"")
                };
                return Err(Wrong::new(place(value), format!("{value} is not a value"), remedy));
            }
            _ => value.to_owned(),
        };
        self.policies.push(PolicyLine { at: line.at.clone(), key: key.to_owned(), value: value_toml });
        Ok(())
    }

    /// `price PRODUCT/SKU "0.042 / hour" …`
    pub(super) fn price(&mut self, mut arguments: Arguments<'_>, at: Range<usize>) -> Read<()> {
        let name = arguments.word("PRODUCT/SKU")?;
        let (product, sku) = match name.text.split_once('/') {
            Some((product, sku)) => (name.part(product), Some(name.part(sku))),
            None => (name, None),
        };
        let product = product.catalogue_name()?;
        let sku = sku.map(|sku| sku.catalogue_name()).transpose()?;
        let tag = arguments.word("the price")?;
        let price = match PriceTag::parse(tag.text, self.currency) {
            Ok(price) => Price::Money(price),
            // "1 gpu-unit / hour" is a price too, and "1 EUR / hour" where the cloud counts in dollars is none.
            Err(error) => match UnitPrice::parse(tag.text) {
                Ok(units) if Currency::parse(units.unit.as_str()).is_err() => Price::Units(units),
                _ => return Err(tag.wrong(error.to_string(), "write it in quotes, like \"0.042 / hour\"")),
            },
        };
        let kind = arguments.key("kind").map_or(Ok(Kind::Running), |kind| kind.choice(&KINDS, 6))?;
        let meter = arguments.key("meter").map(|meter| meter.catalogue_name()).transpose()?;
        let free = arguments.key("free").map(|free| free.size()).transpose()?;
        let per = arguments.key("per").map(|per| per.choice(&SCOPES, 4)).transpose()?;
        let size = arguments.key("size").map(|size| size.size()).transpose()?;
        let tiers = arguments.key("tiers").map_or(Ok(Vec::new()), |tiers| tiers_of(&tiers, self.currency))?;
        let units = match arguments.key("units") {
            None => None,
            Some(units) => Some(UnitPrice::parse(units.text).map_err(|error| {
                units.wrong(error.to_string(), "write it in quotes, like units=\"1 gpu-unit / hour\"")
            })?),
        };
        let modes = [("graduated", "graduated"), ("volume", "volume")];
        let mode = arguments.key("mode");
        if let (Some(mode), true) = (&mode, tiers.is_empty()) {
            return Err(mode.wrong(
                "a mode says how tiers are counted, and there are none",
                "write tiers=\"100:0.10 *:0.05\" too",
            ));
        }
        let mode = mode.map(|mode| mode.choice(&modes, 2)).transpose()?;
        let cap = arguments.key("cap").map(|cap| cap_of(&cap, self.currency)).transpose()?;
        let minimum = arguments.key("minimum").map(|least| least.amount(self.currency)).transpose()?;
        let round = arguments.key("round").map(|round| round.duration()).transpose()?;
        let fixed = arguments.key("fixed").is_some_and(|fixed| fixed.text == "yes" || fixed.yes().unwrap_or(false));
        arguments.finish()?;
        self.prices.push(PriceLine {
            at,
            product,
            sku,
            kind,
            price,
            units,
            meter,
            free,
            per,
            size,
            tiers,
            mode,
            cap,
            minimum,
            round,
            fixed,
        });
        Ok(())
    }

    /// The two files, and the profile they are.
    pub(super) fn build(&self) -> Result<ProfileFiles, Vec<Wrong>> {
        let policy = self.policy_text();
        let policy_source = Source::new(POLICY_FILE, policy.text.clone());
        let alone = Profile::read(&policy_source, None);
        let Some(read) = alone.profile.clone().filter(|_| alone.count(Severity::Error) == 0) else {
            return Err(self.told(&alone, &policy, &Written::default()));
        };
        let catalog = self.catalog_text(&read.policy).map_err(|wrong| vec![wrong])?;
        let catalog_source = Source::new(CATALOG_FILE, catalog.text.clone());
        let whole = Profile::read(&policy_source, Some(&catalog_source));
        match whole.profile.clone().filter(|_| whole.count(Severity::Error) == 0) {
            None => Err(self.told(&whole, &policy, &catalog)),
            Some(profile) => Ok(ProfileFiles {
                profile,
                files: BTreeMap::from([(POLICY_FILE.to_owned(), policy.text), (CATALOG_FILE.to_owned(), catalog.text)]),
            }),
        }
    }

    /// What is wrong with the files, at the lines of the scenario.
    fn told(&self, checked: &Checked, policy: &Written, catalog: &Written) -> Vec<Wrong> {
        let errors = checked.remarks.iter().filter(|remark| remark.severity == Severity::Error);
        let told = errors.map(|remark| {
            let written = if remark.file == POLICY_FILE { policy } else { catalog };
            let at = written.line_of(remark.at.start).unwrap_or_else(|| self.at.clone());
            Wrong::new(at, remark.what.clone(), remark.remedy.clone())
        });
        told.collect()
    }

    fn policy_text(&self) -> Written {
        let mut written = Written::default();
        let heads = [
            ("cloud.id", "\"scenario\"".to_owned()),
            ("cloud.name", "\"Scenario\"".to_owned()),
            ("cloud.currency", format!("\"{}\"", self.currency.code())),
            ("cloud.time_zone", format!("\"{}\"", self.zone.name())),
            ("brand.legal_name", "\"Scenario\"".to_owned()),
        ];
        for (key, value) in heads {
            // A line of the scenario may say it otherwise.
            if self.policies.iter().all(|line| line.key != key) {
                written.push(&format!("{key} = {value}\n"), &self.at);
            }
        }
        for line in &self.policies {
            written.push(&format!("{} = {}\n", line.key, line.value), &line.at);
        }
        written
    }

    fn catalog_text(&self, policy: &Policy) -> Read<Written> {
        let mut written = Written::default();
        let mut meters: BTreeMap<String, (String, &str)> = BTreeMap::new();
        for line in &self.prices {
            let Some((id, unit)) = line.metered()? else { continue };
            let aggregate = if line.kind == Kind::Usage { "sum" } else { "time_weighted" };
            match meters.get(&id) {
                None => {
                    let text = format!("[[meter]]\nid = \"{id}\"\nunit = \"{unit}\"\naggregate = \"{aggregate}\"\n");
                    written.push(&text, &line.at);
                    meters.insert(id, (unit, aggregate));
                }
                Some((_, known)) if *known == aggregate => {}
                Some(_) => {
                    let what = format!("meter {id:?} counts events for one price and a size for another");
                    return Err(Wrong::new(line.at.clone(), what, "name another with meter="));
                }
            }
        }
        let mut done = BTreeSet::new();
        for first in &self.prices {
            if done.insert(&first.product) {
                let lines: Vec<&PriceLine> = self.prices.iter().filter(|line| line.product == first.product).collect();
                product_text(&lines, policy, &mut written)?;
            }
        }
        Ok(written)
    }
}

/// One product of all its lines: what belongs to the product as a whole is said by one of them or alike by several.
fn product_text(lines: &[&PriceLine], policy: &Policy, written: &mut Written) -> Read<()> {
    let Some(first) = lines.first() else { return Ok(()) };
    let mut keys: BTreeMap<&str, (String, &PriceLine)> = BTreeMap::new();
    let mut set = |key: &'static str, value: Option<String>, line: &'static str, from: &PriceLine| -> Read<()> {
        let Some(value) = value else { return Ok(()) };
        match keys.get(key) {
            Some((known, _)) if *known != value => Err(Wrong::new(
                from.at.clone(),
                format!("product {:?} has {line} already, and it was another", from.product),
                "it belongs to the whole product: say the same, or give this price a product of its own",
            )),
            Some(_) => Ok(()),
            None => {
                keys.insert(key, (value, lines.iter().find(|known| known.at == from.at).copied().unwrap_or(first)));
                Ok(())
            }
        }
    };
    for line in lines {
        let word = KINDS.iter().find(|(_, kind)| *kind == line.kind).map_or("", |(word, _)| word);
        set("kind", Some(format!("\"{word}\"")), "a kind", line)?;
        set("round_up", line.round.map(|round| format!("\"{round}\"")), "a round=", line)?;
        set("at", line.fixed.then(|| "\"start\"".to_owned()), "a fixed=", line)?;
        set("period", line.period()?.map(|period| format!("\"{period}\"")), "a period", line)?;
        set("size", line.size.as_ref().map(|size| format!("\"{size}\"")), "a size=", line)?;
        if line.kind != Kind::Usage || line.sku.is_none() {
            set("meter", line.metered()?.map(|(meter, _)| format!("\"{meter}\"")), "a meter", line)?;
        }
        if let (Kind::Units, Price::Money(tag)) = (line.kind, &line.price) {
            set("unit", tag.per.unit.as_ref().map(|unit| format!("\"{unit}\"")), "a unit", line)?;
        }
    }
    // The steps of a ladder that somebody wrote must have something to touch.
    let ladder = &policy.ladder;
    let steps = [
        ("on_suspend", ladder.suspend.is_some(), if first.kind == Kind::Capacity { "lock" } else { "stop" }),
        ("on_delete", ladder.delete.is_some(), "delete_keep_data"),
        ("on_purge", ladder.purge.is_some(), "delete_data"),
    ];
    if matches!(first.kind, Kind::Running | Kind::Capacity) {
        for (key, there, does) in steps.into_iter().filter(|(_, there, _)| *there) {
            debug_assert!(there);
            keys.insert(key, (format!("\"{does}\""), first));
        }
    }
    written.push(&format!("[[product]]\nid = \"{0}\"\nname = \"{0}\"\n", first.product), &first.at);
    for (key, (value, line)) in &keys {
        written.push(&format!("{key} = {value}\n"), &line.at);
    }
    if first.kind == Kind::Units {
        let packs: Vec<String> = lines.iter().map(|line| line.pack()).collect::<Read<_>>()?;
        written.push(&format!("packs = [{}]\n", packs.join(", ")), &first.at);
        return Ok(());
    }
    // What the product says itself stands before its tables.
    for line in lines.iter().filter(|line| line.sku.is_none()) {
        written.push(&line.pricing(), &line.at);
    }
    for line in lines {
        let Some(sku) = &line.sku else { continue };
        let head = match line.metered()? {
            Some((meter, _)) if line.kind == Kind::Usage => {
                format!("[[product.component]]\nid = \"{sku}\"\nmeter = \"{meter}\"\n")
            }
            _ => format!("[[product.sku]]\nid = \"{sku}\"\n"),
        };
        written.push(&format!("{head}{}", line.pricing()), &line.at);
    }
    Ok(())
}

impl PriceLine {
    fn money(&self) -> Option<&PriceTag> {
        match &self.price {
            Price::Money(tag) => Some(tag),
            Price::Units(_) => None,
        }
    }

    /// The meter that counts it, and what it counts in: named, or called as the SKU or the product is.
    fn metered(&self) -> Read<Option<(String, String)>> {
        let space = self.kind == Kind::Term && self.size.is_some();
        if !matches!(self.kind, Kind::Usage | Kind::Capacity) && !space {
            return match &self.meter {
                None => Ok(None),
                Some(_) => Err(Wrong::new(
                    self.at.clone(),
                    "a meter counts usage or a size, and this has neither",
                    "write kind=usage or kind=capacity, or leave meter= out",
                )),
            };
        }
        let named = self.meter.as_ref().or(self.sku.as_ref().filter(|_| self.kind == Kind::Usage));
        let id = named.unwrap_or(&self.product).clone();
        let priced = self.money().and_then(|tag| tag.per.unit.as_ref());
        let sized = self.size.as_ref().or(self.free.as_ref()).and_then(|size| size.unit.as_ref());
        match priced.or(sized) {
            Some(unit) => Ok(Some((id, unit.to_string()))),
            None => Err(Wrong::new(
                self.at.clone(),
                "the price does not say of what",
                if self.kind == Kind::Capacity {
                    "write it like \"0.10 / GB-month\""
                } else {
                    "write it like \"0.15 / 1M tokens\""
                },
            )),
        }
    }

    /// Of a term: how long "25.00 / month" lasts.
    fn period(&self) -> Read<Option<String>> {
        let Some(tag) = self.money().filter(|tag| self.kind == Kind::Term && tag.per != Per::WHOLE) else {
            return Ok(None);
        };
        let wrong = || {
            Wrong::new(
                self.at.clone(),
                format!("the price {tag} does not say how long the term is"),
                "write it like \"25.00 / month\"",
            )
        };
        let time = tag.per.time.filter(|_| tag.per.unit.is_none()).ok_or_else(wrong)?;
        let count = tag.per.count.millionths();
        if count % 1_000_000 != 0 {
            return Err(wrong());
        }
        let letters = match time {
            TimeUnit::Second => "s",
            TimeUnit::Minute => "m",
            TimeUnit::Hour => "h",
            TimeUnit::Day => "d",
            TimeUnit::Week => "w",
            TimeUnit::Month => "mo",
            TimeUnit::Year => "y",
        };
        Ok(Some(format!("{}{letters}", count / 1_000_000)))
    }

    /// Of units: `{ units = "100", price = "90.00" }`.
    fn pack(&self) -> Read<String> {
        match self.money() {
            Some(tag) if tag.per.unit.is_some() && tag.per.time.is_none() => {
                Ok(format!("{{ units = \"{}\", price = \"{}\" }}", tag.per.count, tag.amount.amount()))
            }
            _ => Err(Wrong::new(self.at.clone(), "units are sold in packs", "write it like \"90.00 / 100 gpu-units\"")),
        }
    }

    /// The keys of its price.
    fn pricing(&self) -> String {
        let mut lines = Vec::new();
        match &self.price {
            Price::Units(units) => lines.push(format!("units = \"{units}\"")),
            Price::Money(tag) if !self.tiers.is_empty() => {
                let per = if tag.per == Per::WHOLE { String::new() } else { format!(" / {}", tag.per) };
                let tier = |(upto, price): &(Option<String>, String)| {
                    let upto = upto.as_ref().map(|upto| format!("upto = \"{upto}\", ")).unwrap_or_default();
                    format!("{{ {upto}price = \"{price}{per}\" }}")
                };
                lines.push(format!("mode = \"{}\"", self.mode.unwrap_or("graduated")));
                lines.push(format!("tiers = [{}]", self.tiers.iter().map(tier).collect::<Vec<_>>().join(", ")));
            }
            Price::Money(tag) if matches!(self.kind, Kind::Term | Kind::Once) => {
                lines.push(format!("price = \"{}\"", tag.amount.amount()));
            }
            Price::Money(tag) => lines.push(format!("price = \"{tag}\"")),
        }
        if let Some(units) = &self.units {
            lines.push(format!("units = \"{units}\""));
        }
        if let Some(free) = &self.free {
            lines.push(format!("free = {{ size = \"{free}\", per = \"{}\" }}", self.per.unwrap_or("account")));
        }
        if let Some(cap) = &self.cap {
            lines.push(format!("monthly_cap = \"{cap}\""));
        }
        if let Some(minimum) = self.minimum {
            lines.push(format!("minimum = \"{}\"", minimum.to_decimal()));
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

/// `100:0.10 500:0.05 *:0.02`
fn tiers_of(tiers: &Argument<'_>, currency: Currency) -> Read<Vec<(Option<String>, String)>> {
    let wrong = |part: &str| {
        tiers.wrong(format!("{part:?} is not a tier"), "write BOUND:PRICE, the last bound *: tiers=\"100:0.10 *:0.05\"")
    };
    let tier = |part: &str| {
        let (bound, price) = part.split_once(':').ok_or_else(|| wrong(part))?;
        let of = |text| tiers.part(text);
        let upto = if bound == "*" { None } else { Some(of(bound).quantity().map_err(|_| wrong(part))?.to_string()) };
        let tag = PriceTag::parse(price, currency).map_err(|_| wrong(part))?;
        Ok((upto, tag.amount.amount().to_string()))
    };
    let read: Vec<_> = tiers.text.split_whitespace().map(tier).collect::<Read<_>>()?;
    if read.is_empty() { Err(wrong(tiers.text)) } else { Ok(read) }
}

/// An amount, or so much time at the price.
fn cap_of(cap: &Argument<'_>, currency: Currency) -> Read<Cap> {
    match cap.duration() {
        Ok(time) => Ok(Cap::Time(time)),
        Err(_) => cap.amount(currency).map(Cap::Amount),
    }
}

pub(super) fn zone_of(zone: &Argument<'_>) -> Read<Zone> {
    Zone::parse(zone.text).map_err(|error| zone.wrong(error.to_string(), "write its name, like Europe/Rome"))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// A text, and which line of the scenario each of its parts comes from.
#[derive(Default)]
struct Written {
    text: String,
    parts: Vec<(Range<usize>, Range<usize>)>,
}

impl Written {
    fn push(&mut self, text: &str, from: &Range<usize>) {
        let start = self.text.len();
        self.text.push_str(text);
        self.parts.push((start..self.text.len(), from.clone()));
    }

    fn line_of(&self, position: usize) -> Option<Range<usize>> {
        self.parts.iter().find(|(part, _)| part.contains(&position)).map(|(_, from)| from.clone())
    }
}

/// The profile of a `cloud.toml`; its catalogue lies beside it.
pub(super) fn of_file(path: &Path) -> Result<ProfileFiles, (String, String)> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = path.file_name().is_some_and(|name| name == POLICY_FILE);
    if !path.exists() || !named {
        let what = if named {
            format!("{} is not there", path.display())
        } else {
            format!("{} is no {POLICY_FILE}", path.display())
        };
        return Err((what, "name a cloud.toml, relative to this file".to_owned()));
    }
    let refused = |error: crate::failure::Failure| {
        (error.to_string(), format!("`farthing check {}` says where", folder.display()))
    };
    let folder_read = Folder::open(folder).map_err(refused)?;
    of_folder(&folder_read, folder)
}

fn of_folder(folder: &Folder, path: &Path) -> Result<ProfileFiles, (String, String)> {
    let checked = Profile::read(&folder.policy, folder.catalog.as_ref());
    let remedy = format!("`farthing check {}` says where", path.display());
    match checked.usable() {
        Ok(profile) => Ok(ProfileFiles { profile, files: folder.files() }),
        Err(remarks) => {
            let first = remarks.iter().find(|remark| remark.severity == Severity::Error);
            let what = first.map_or("", |first| first.what.as_str());
            Err((format!("the files of {} cannot be used: {what}", path.display()), remedy))
        }
    }
}

/// `before` with one of its files replaced by another, or both where a folder is named.
pub(super) fn with_file(before: &ProfileFiles, path: &Path) -> Result<ProfileFiles, (String, String)> {
    if path.is_dir() {
        let folder =
            Folder::open(path).map_err(|error| (error.to_string(), "name a cloud's folder, or one file".to_owned()))?;
        return of_folder(&folder, path);
    }
    let text = std::fs::read_to_string(path).map_err(|error| {
        (format!("{} cannot be read: {error}", path.display()), "name a file, relative to this one".to_owned())
    })?;
    if path.extension().is_some_and(|end| end == "md") {
        return with_help(before, path, text);
    }
    let source = Source::new(path.display().to_string(), text);
    let (table, _) = Item::read_file(&source);
    // Which of the two it is its keys say.
    let of = |keys: Vec<farthing_core::config::Key>| {
        let heads: BTreeSet<String> =
            keys.iter().filter_map(|key| key.path.split('.').next().map(str::to_owned)).collect();
        table.entries.iter().filter(|entry| heads.contains(&entry.key)).count()
    };
    let name = if of(Catalog::all_keys()) > of(Policy::all_keys()) { CATALOG_FILE } else { POLICY_FILE };
    let mut files = before.files.clone();
    files.insert(name.to_owned(), source.text.clone());
    let part = |wanted: &str| {
        if wanted == name {
            Some(source.clone())
        } else {
            files.get(wanted).map(|text| Source::new(wanted, text.clone()))
        }
    };
    let policy = part(POLICY_FILE).unwrap_or_else(|| Source::new(POLICY_FILE, ""));
    let catalog = part(CATALOG_FILE);
    match Profile::read(&policy, catalog.as_ref()).usable() {
        Ok(profile) => Ok(ProfileFiles { profile, files }),
        Err(remarks) => {
            let first = remarks.iter().find(|remark| remark.severity == Severity::Error);
            let sources: Vec<Source> = [Some(policy), catalog].into_iter().flatten().collect();
            let what = first.map(|first| first.render(&sources)).unwrap_or_default();
            let what = what.trim_start_matches("error: ").lines().next().unwrap_or_default().to_owned();
            Err((format!("with {} the cloud cannot be used: {what}", path.display()), "correct the file".to_owned()))
        }
    }
}

/// `before` with a help page of its brand, under its own name.
fn with_help(before: &ProfileFiles, path: &Path, text: String) -> Result<ProfileFiles, (String, String)> {
    if let Some(trouble) = help_troubles(&text).into_iter().next() {
        return Err((format!("the page {} cannot be shown: {}", path.display(), trouble.what), trouble.remedy));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut files = before.files.clone();
    files.insert(format!("help/{name}"), text);
    Ok(ProfileFiles { profile: before.profile.clone(), files })
}

/// Names that usage and resources may carry because prices or meters look at them.
pub(super) fn properties(catalog: &Catalog) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for meter in &catalog.meter {
        known.extend(meter.filter.keys().cloned());
        known.extend(meter.by.iter().chain(&meter.of).map(ToString::to_string));
    }
    for product in &catalog.product {
        known.extend(product.sku.iter().flat_map(|sku| sku.dims.keys().cloned()));
        let skus = product.sku.iter().map(|sku| &sku.pricing);
        let parts = product.component.iter().map(|part| &part.pricing);
        for pricing in skus.chain(parts).chain([&product.pricing]) {
            known.extend(pricing.prices.iter().flat_map(|line| line.when.keys().cloned()));
        }
    }
    known
}
