//! Reading a scenario: its lines become typed steps, or every line that is none is told with what to write instead.
//!
//! Owns the head of a file (story, rules, cloud), the order of things (profile before accounts, a clock that never goes back)
//! and what names there are. The commands are read in `commands.rs`, what is expected in `conditions.rs`.

mod commands;
mod conditions;

use super::arguments::{Argument, Arguments, Read};
use super::command::{Answering, Around, Command, Ordering};
use super::expect::Condition;
use super::profile::{self, NewCloud};
use super::stage::{CODES, ProfileFiles, Show};
use super::text::{self, Line, Word, Wrong};
use farthing_core::config::{Remark, Source, nearest};
use farthing_core::money::Currency;
use farthing_core::profile::POLICY_FILE;
use farthing_core::time::{Instant, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A scenario that can be played.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub source: Source,
    pub title: String,
    /// By their numbers: 25 is R25.
    pub rules: BTreeSet<u16>,
    pub profile: ProfileFiles,
    pub steps: Vec<Step>,
}

/// What is wrong with a file that cannot be played, and the rules it was to prove.
#[derive(Clone, Debug)]
pub struct Unreadable {
    pub remarks: Vec<Remark>,
    pub rules: BTreeSet<u16>,
}

/// One line that is played.
#[derive(Clone, Debug)]
pub struct Step {
    /// Without its comment.
    pub at: Range<usize>,
    pub line: usize,
    /// Whom it is about.
    pub accounts: Vec<String>,
    pub does: Does,
}

#[derive(Clone, Debug)]
pub enum Does {
    At(Instant),
    Wait(Span),
    WaitUntil(Condition),
    Command(Asked),
    Expect(Condition),
    /// It must fail with this code, and change nothing.
    Refused {
        asked: Asked,
        code: String,
    },
    Show(Show),
}

/// A command with the instant that it names, where it names one.
#[derive(Clone, Debug)]
pub struct Asked {
    pub command: Command,
    pub at: Option<Instant>,
}

/// How each command is written, in the order of the language's page.
const USAGE: [(&str, &str); 77] = [
    ("scenario", "scenario \"what happens\""),
    ("rules", "rules R24 R25"),
    ("cloud", "cloud PATH/cloud.toml | cloud new [currency=USD] [time_zone=UTC] | cloud acks on|off|after=DURATION"),
    (
        "price",
        "price PRODUCT/SKU \"0.042 / hour\" [kind=] [meter=] [free=20GB per=account] [tiers=\"100:0.10 *:0.05\" mode=] [cap=] [minimum=] [round=] [fixed=yes] [units=\"1 gpu-unit / hour\"]",
    ),
    ("policy", "policy KEY = VALUE"),
    ("at", "at TIME"),
    ("wait", "wait DURATION | wait until CONDITION"),
    ("account", "account NAME [country=DE] [time_zone=] [pay=prepaid|postpaid] [company=] [tax_number=] [language=] …"),
    ("project", "project NAME account=ACCOUNT"),
    (
        "member",
        "member NAME account=ACCOUNT|project=PROJECT [role=] [wallet=yes [threshold=] [stop_on_overdue=yes|no]]",
    ),
    ("move", "move PROJECT to=ACCOUNT"),
    ("close", "close ACCOUNT"),
    ("keep", "keep NAME"),
    ("start", "start NAME project=PROJECT product=PRODUCT [sku=] [size=] [user=] [state=] [label.KEY=] [at=TIME]"),
    ("stop", "stop NAME [at=TIME]"),
    ("resume", "resume NAME [at=TIME]"),
    ("resize", "resize NAME sku=SKU|size=SIZE [at=TIME]"),
    ("delete", "delete NAME [at=TIME]"),
    ("restore", "restore NAME [at=TIME]"),
    ("fail", "fail NAME [at=TIME]"),
    ("heartbeat", "heartbeat NAME [at=TIME]"),
    ("gauge", "gauge NAME SIZE [at=TIME]"),
    ("use", "use NAME|ACCOUNT METER=QUANTITY … [id=] [source=] [at=TIME] [times=N [every=DURATION]]"),
    ("inventory", "inventory ACCOUNT NAME … [at=TIME]"),
    (
        "budget",
        "budget NAME account=ACCOUNT month=AMOUNT [project=P] [label.KEY=VALUE] [notify=50,80] [forecast=100] [block=100] [stop=120], or month=off",
    ),
    ("outage", "outage PRODUCT from=TIME to=TIME [name=NAME] [sku=SKU] [resource=NAME] [region=…]"),
    ("no-outage", "no-outage NAME"),
    (
        "order",
        "order NAME account=|project= product=PRODUCT [sku=] [qty=] [renew=auto|stop|convert] | order NAME addon=ID parent=NAME",
    ),
    ("pay", "pay ORDER [method=balance|card:visa] [coupon=] [credit=GRANT]"),
    ("cancel", "cancel ORDER [when=now|end]"),
    ("expire", "expire NAME renew|stop|convert"),
    ("estimate", "estimate PRODUCT[/SKU] [for=DURATION] [qty=] [size=] [account=] [METER=QUANTITY …]"),
    ("invoice", "invoice ACCOUNT NAME [charges=1,2|all] [from=TIME] [to=TIME]"),
    ("approve", "approve PAYMENT|REFUND|ACCOUNT [amount=AMOUNT]"),
    ("refuse", "refuse PAYMENT|REFUND|ACCOUNT"),
    ("dispute", "dispute BILL|latest ACCOUNT [amount=AMOUNT] [reason=\"…\"]"),
    ("credit-note", "credit-note BILL|latest ACCOUNT [amount=AMOUNT]"),
    ("reissue", "reissue BILL|latest ACCOUNT"),
    ("write-off", "write-off BILL|latest ACCOUNT"),
    ("topup", "topup ACCOUNT AMOUNT [method=card:visa] [as=NAME]"),
    ("refund", "refund ACCOUNT AMOUNT [as=NAME]"),
    ("waive", "waive ACCOUNT AMOUNT product=PRODUCT reason=\"…\""),
    ("fund", "fund WALLET AMOUNT"),
    ("bill", "bill ACCOUNT"),
    (
        "export",
        "export NAME [account=ACCOUNT] [what=charges|bills|lines|focus] [format=csv|json] [from=TIME] [to=TIME] [product=] [project=] [resource=] [user=] [label.KEY=] [mail=yes]",
    ),
    ("transfer-in", "transfer-in [ACCOUNT] AMOUNT [ref=\"…\"] [from=IBAN] [by=\"NAME\"]"),
    ("bank", "bank settles | bank repeats | bank refuses|returns PAYMENT|ACCOUNT code=CODE [fee=AMOUNT]"),
    ("assign", "assign ACCOUNT [bill=latest]"),
    ("send-back", "send-back"),
    ("set-aside", "set-aside"),
    ("method", "method add|remove ACCOUNT card:visa|iban:IBAN [default=yes]"),
    ("chargeback", "chargeback PAYMENT|ACCOUNT [AMOUNT] [won=yes|no]"),
    (
        "grant",
        "grant NAME account=ACCOUNT amount=AMOUNT [product=] [priority=N] [expires=TIME] [every=1d [times=N] [rollover=AMOUNT]] | grant NAME account=ACCOUNT gift=ID",
    ),
    ("units", "units ACCOUNT QUANTITY [product=PRODUCT] [expires=TIME] [every=DURATION] [reason=\"…\"]"),
    ("buy", "buy ACCOUNT qty=QUANTITY [product=PRODUCT]"),
    (
        "coupon",
        "coupon CODE percent=20|amount=10.00|free_periods=N [product=] [sku=] [first_order=yes] [redemptions=N] [per_account=N] [per_period=N/1mo] [bills=N|all] [from=TIME] [expires=TIME]",
    ),
    ("redeem", "redeem ACCOUNT CODE"),
    ("trial", "trial ACCOUNT [method=card:visa]"),
    ("reserve", "reserve NAME account=ACCOUNT product=PRODUCT METER=QUANTITY …"),
    ("set", "set ACCOUNT KEY=VALUE …"),
    ("authorise", "authorise NAME account=ACCOUNT amount=AMOUNT [ttl=DURATION]"),
    ("capture", "capture HOLD AMOUNT [final=yes]"),
    ("release", "release HOLD|RESERVATION"),
    ("write", "write NAME SIZE"),
    ("apply", "apply FILE [starts=TIME] [corrects=N]"),
    ("provider", "provider decline|timeout|silent|recover"),
    ("scan", "scan PAYMENT|ACCOUNT [paid=AMOUNT currency=CODE]"),
    ("mail", "mail ok|fail"),
    ("down", "down DURATION"),
    ("crash", "crash"),
    ("expect", "expect SUBJECT = VALUE | expect NAME is STATE | expect error COMMAND -> CODE | expect ledger balanced"),
    ("show", "show bill NAME | show ledger ACCOUNT | show timeline NAME"),
    ("expect error", "expect error COMMAND -> CODE"),
    (
        "expect costs",
        "expect costs ACCOUNT [by=product|project|resource|user|label:KEY] [of=GROUP] [product=] [project=] [resource=] [user=] [state=] [type=] [paid=] [label.KEY=] [from=DAY] [to=DAY] = AMOUNT",
    ),
    ("expect page", "expect page [ACCOUNT] /ADDRESS [as=MEMBER] [language=zh] contains|lacks \"…\""),
    ("expect sent", "expect sent ACCOUNT KIND [contains \"…\"] | expect nothing sent [KIND]"),
    ("cloud acks", "cloud acks on|off|after=DURATION | cloud provisions on|off|fail|after=DURATION"),
];

/// How a command is written, for messages about it.
pub(super) fn usage(command: &str) -> &'static str {
    USAGE.iter().find(|(known, _)| *known == command).map_or("", |(_, usage)| usage)
}

/// How every line of a scenario is written, for people who write them.
pub fn language() -> String {
    let lines: Vec<&str> = USAGE.iter().map(|(_, usage)| *usage).collect();
    lines.join("\n")
}

/// Every word that begins a line.
fn commands() -> impl Iterator<Item = &'static str> {
    USAGE.iter().map(|(command, _)| *command).filter(|command| !command.contains(' '))
}

/// Reads the text of a file that lies at `path`; other files it names are looked up from there.
pub fn read(source: &Source, path: &Path) -> Result<Scenario, Unreadable> {
    let (lines, mut wrong) = text::lines(source);
    let mut reader = Reader::new(source, path);
    for line in &lines {
        if let Err(error) = reader.line(line) {
            wrong.push(error);
        }
    }
    let end = source.text.trim_end().len();
    if reader.title.is_none() {
        let at = lines.first().map_or(0..0, |line| line.at.clone());
        if !reader.untitled {
            wrong.push(Wrong::new(at, "the story has no name", "begin with: scenario \"what happens\""));
        }
    }
    if let Err(error) = reader.settle_profile(&(end..end)) {
        wrong.push(error);
    }
    wrong.append(&mut reader.wrong);
    wrong.sort_by_key(|wrong| wrong.at.start);
    wrong.dedup();
    match (reader.title, reader.first) {
        (Some(title), Some(profile)) if wrong.is_empty() => {
            Ok(Scenario { source: source.clone(), title, rules: reader.rules, profile, steps: reader.steps })
        }
        _ => {
            let remarks = wrong.into_iter().map(|wrong| wrong.remark(source)).collect();
            Err(Unreadable { remarks, rules: reader.rules })
        }
    }
}

struct Reader<'s> {
    source: &'s Source,
    path: &'s Path,
    wrong: Vec<Wrong>,
    title: Option<String>,
    /// That the title is missing was told.
    untitled: bool,
    rules: BTreeSet<u16>,
    cloud: Cloud,
    /// The profile it begins with, and the one after the `apply` lines so far.
    first: Option<ProfileFiles>,
    current: Option<ProfileFiles>,
    /// What usage and resources may carry besides their own keys.
    properties: BTreeSet<String>,
    /// With their currencies.
    accounts: BTreeMap<String, Currency>,
    /// What was named, and which project or account has it.
    belongs: BTreeMap<String, String>,
    projects: BTreeSet<String>,
    grants: BTreeSet<String>,
    /// At least so late it is here; where it was waited until something, it may be later.
    clock: Option<Instant>,
    /// Inside `expect error`, where names that nobody has are part of the story.
    trying: bool,
    steps: Vec<Step>,
}

enum Cloud {
    Unsaid,
    New(NewCloud),
    /// Read, or told that it cannot be.
    Done(Currency),
}

impl<'s> Reader<'s> {
    fn new(source: &'s Source, path: &'s Path) -> Reader<'s> {
        Reader {
            source,
            path,
            wrong: Vec::new(),
            title: None,
            untitled: false,
            rules: BTreeSet::new(),
            cloud: Cloud::Unsaid,
            first: None,
            current: None,
            properties: BTreeSet::new(),
            accounts: BTreeMap::new(),
            belongs: BTreeMap::new(),
            projects: BTreeSet::new(),
            grants: BTreeSet::new(),
            clock: None,
            trying: false,
            steps: Vec::new(),
        }
    }

    fn line(&mut self, line: &Line) -> Read<()> {
        let Some(head) = line.words.first() else { return Ok(()) };
        let command = known_command(head)?;
        if self.title.is_none() && !self.untitled && command != "scenario" {
            self.untitled = true;
            self.wrong.push(Wrong::new(
                line.at.clone(),
                "the story has no name",
                "begin with: scenario \"what happens\"",
            ));
        }
        let arguments = Arguments::new(usage(command), &line.words);
        match command {
            "scenario" => self.title(arguments, line),
            "rules" => self.rules(arguments),
            "cloud" => self.cloud(arguments, line),
            "price" | "policy" => self.new_cloud_line(command, arguments, line),
            "at" | "wait" => self.clock(command, arguments, line),
            "expect" => self.expect(line),
            "show" => {
                self.settle_profile(&line.at)?;
                let show = self.show(arguments)?;
                let accounts = match &show {
                    Show::Ledger { account } => vec![account.clone()],
                    Show::Bill(_) | Show::Timeline { .. } => Vec::new(),
                };
                self.step(line, accounts, Does::Show(show));
                Ok(())
            }
            _ => {
                self.settle_profile(&line.at)?;
                let (asked, accounts) = self.command(command, arguments)?;
                self.step(line, accounts, Does::Command(asked));
                Ok(())
            }
        }
    }

    fn step(&mut self, line: &Line, accounts: Vec<String>, does: Does) {
        self.steps.push(Step { at: line.at.clone(), line: line.number, accounts, does });
    }

    // --- The head

    fn title(&mut self, mut arguments: Arguments<'_>, line: &Line) -> Read<()> {
        // Whatever is wrong with it is told once.
        self.untitled = true;
        let title = arguments.word("what happens")?.text()?;
        if self.title.is_some() {
            return Err(Wrong::new(
                line.at.clone(),
                "this file has a story already",
                "give every story a file of its own",
            ));
        }
        if let Some(more) = arguments.word_if_any() {
            return Err(more
                .wrong("the name of the story is one text", "write it in quotes: scenario \"balance reaches zero\""));
        }
        self.title = Some(title);
        arguments.finish()
    }

    fn rules(&mut self, mut arguments: Arguments<'_>) -> Read<()> {
        let mut some = false;
        while let Some(word) = arguments.word_if_any() {
            let number = word.text.trim_end_matches(',').strip_prefix('R').and_then(|number| number.parse().ok());
            let Some(number) = number.filter(|number| (1..=super::rules::RULES.len()).contains(&usize::from(*number)))
            else {
                let most = super::rules::RULES.len();
                return Err(word.wrong(format!("{:?} is not a rule", word.text), format!("rules are R1 to R{most}")));
            };
            some = true;
            self.rules.insert(number);
        }
        if some { arguments.finish() } else { Err(arguments.missing("a rule")) }
    }

    fn cloud(&mut self, mut arguments: Arguments<'_>, line: &Line) -> Read<()> {
        let first = line.words.get(1).map_or("", |word| word.text.as_str());
        if matches!(first, "acks" | "provisions") {
            self.settle_profile(&line.at)?;
            let mut arguments = Arguments::new(usage("cloud acks"), &line.words);
            arguments.word("acks")?;
            let answering = answering(&mut arguments)?;
            arguments.finish()?;
            let command = if first == "acks" {
                Command::Around(Around::CloudAcks(answering))
            } else {
                Command::Ordering(Ordering::Provisions(answering))
            };
            self.step(line, Vec::new(), Does::Command(Asked { command, at: None }));
            return Ok(());
        }
        if !matches!(self.cloud, Cloud::Unsaid) {
            return Err(Wrong::new(
                line.at.clone(),
                "the cloud is chosen already",
                "write one `cloud` line, before the first account",
            ));
        }
        if first == "new" {
            self.cloud = Cloud::New(NewCloud::read(arguments, line.at.clone())?);
            return Ok(());
        }
        let path = arguments.word("a path or `new`")?;
        // Whatever is wrong with it: that there is none must not be told as well.
        self.cloud = Cloud::Done(Currency::USD);
        arguments.finish()?;
        let read = profile::of_file(&self.beside(path.text));
        self.begin_with(read.map_err(|(what, remedy)| vec![path.wrong(what, remedy)]));
        Ok(())
    }

    /// `price` and `policy`
    fn new_cloud_line(&mut self, command: &str, arguments: Arguments<'_>, line: &Line) -> Read<()> {
        match &mut self.cloud {
            Cloud::New(_) if !self.accounts.is_empty() || self.first.is_some() => {}
            Cloud::New(new) if command == "price" => return new.price(arguments, line.at.clone()),
            Cloud::New(new) => return new.policy(line, self.source),
            Cloud::Unsaid => {
                self.cloud = Cloud::Done(Currency::USD);
                return Err(Wrong::new(
                    line.at.clone(),
                    format!("there is no new cloud to give a {command} to"),
                    "write `cloud new` before it",
                ));
            }
            Cloud::Done(_) => {}
        }
        let what = format!("a {command} belongs to `cloud new`, before the first account");
        Err(Wrong::new(line.at.clone(), what, "move it up, or change the cloud with `apply FILE`"))
    }

    /// The profile must be whole from here on.
    fn settle_profile(&mut self, at: &Range<usize>) -> Read<()> {
        let read = match &self.cloud {
            Cloud::Done(_) => return Ok(()),
            Cloud::New(new) => new.build(),
            Cloud::Unsaid => {
                let folders = self.path.parent().into_iter().flat_map(Path::ancestors);
                let found = folders.map(|folder| folder.join(POLICY_FILE)).find(|file| file.exists());
                let Some(found) = found else {
                    self.cloud = Cloud::Done(Currency::USD);
                    return Err(Wrong::new(
                        at.clone(),
                        "no cloud is chosen, and there is no cloud.toml in this folder",
                        "write `cloud PATH/cloud.toml` or `cloud new`",
                    ));
                };
                profile::of_file(&found).map_err(|(what, remedy)| vec![Wrong::new(at.clone(), what, remedy)])
            }
        };
        self.begin_with(read);
        Ok(())
    }

    fn begin_with(&mut self, read: Result<ProfileFiles, Vec<Wrong>>) {
        let fallback = if let Cloud::New(new) = &self.cloud { new.currency } else { Currency::USD };
        match read {
            Ok(files) => {
                self.cloud = Cloud::Done(files.profile.policy.cloud.currency);
                self.first = Some(files.clone());
                self.now_in_force(files);
            }
            Err(wrong) => {
                self.cloud = Cloud::Done(fallback);
                self.wrong.extend(wrong);
            }
        }
    }

    fn now_in_force(&mut self, files: ProfileFiles) {
        self.properties.extend(profile::properties(&files.profile.catalog));
        self.current = Some(files);
    }

    /// A path that a line names, from where the file lies.
    fn beside(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    // --- The clock

    fn clock(&mut self, command: &str, mut arguments: Arguments<'_>, line: &Line) -> Read<()> {
        if command == "at" {
            let word = arguments.word("the time")?;
            let at = word.time()?;
            arguments.finish()?;
            if let Some(clock) = self.clock.filter(|clock| at < *clock) {
                return Err(word.wrong(
                    format!("the clock would go back, from {clock}"),
                    "put the line where its time comes, or report what is late with at=",
                ));
            }
            self.clock = Some(at);
            self.step(line, Vec::new(), Does::At(at));
            return Ok(());
        }
        let word = arguments.word("how long")?;
        if word.text == "until" && line.words.get(1).is_some_and(|word| word.is("until")) {
            self.settle_profile(&line.at)?;
            let Some(rest) = line.words.get(2..).filter(|rest| !rest.is_empty()) else {
                return Err(arguments.missing("the condition"));
            };
            let (condition, accounts) = self.condition(rest, usage("wait"))?;
            self.step(line, accounts, Does::WaitUntil(condition));
            return Ok(());
        }
        let span = word.span()?;
        arguments.finish()?;
        self.passes(span);
        self.step(line, Vec::new(), Does::Wait(span));
        Ok(())
    }

    /// The clock as far as it is known here.
    fn passes(&mut self, span: Span) {
        // A month is at least 28 days, and never mind the clocks.
        let shortest = match span {
            Span::Exact(duration) => Some(duration),
            Span::Calendar(span) => {
                farthing_core::time::Duration::try_from_seconds(i64::from(span.months()) * (28 * 86_400 - 7_200)).ok()
            }
        };
        self.clock = self.clock.and_then(|clock| clock.checked_add(shortest?).ok());
    }

    // --- What is expected

    fn expect(&mut self, line: &Line) -> Read<()> {
        self.settle_profile(&line.at)?;
        let Some(body) = line.words.get(1..).filter(|body| !body.is_empty()) else {
            return Err(Arguments::new(usage("expect"), &line.words).missing("what is expected"));
        };
        // A bare name may be called `error` too.
        if body[0].is("error") && !body.get(1).is_some_and(|word| word.is("is")) {
            return self.refusal(line, &body[1..]);
        }
        let (condition, accounts) = self.condition(body, usage("expect"))?;
        self.step(line, accounts, Does::Expect(condition));
        Ok(())
    }

    /// `expect error COMMAND -> CODE`
    fn refusal(&mut self, line: &Line, words: &[Word]) -> Read<()> {
        let arrow = words.iter().rposition(|word| word.is("->"));
        let Some((command, code)) = arrow.map(|arrow| (&words[..arrow], &words[arrow + 1..])) else {
            let end = line.at.end..line.at.end;
            return Err(Wrong::new(
                end,
                "the code that it fails with is missing",
                format!("write: {}", usage("expect error")),
            ));
        };
        let Some(head) = command.first() else {
            return Err(Wrong::new(
                line.at.clone(),
                "the command that fails is missing",
                format!("write: {}", usage("expect error")),
            ));
        };
        let name = known_command(head)?;
        if matches!(
            name,
            "scenario" | "rules" | "cloud" | "price" | "policy" | "at" | "wait" | "expect" | "show" | "down" | "crash"
        ) {
            return Err(Wrong::new(
                head.at.clone(),
                format!("`{name}` is nothing that the engine refuses"),
                "expect the error of a command that asks or reports",
            ));
        }
        let code = match code {
            [code] if CODES.contains(&code.text.as_str()) => code.text.clone(),
            [code, ..] => {
                let remedy = match nearest(&code.text, CODES) {
                    Some(meant) => format!("did you mean {meant}?"),
                    None => format!("the codes are {}", CODES.join(", ")),
                };
                return Err(Wrong::new(code.at.clone(), format!("{:?} is no code", code.text), remedy));
            }
            [] => {
                return Err(Wrong::new(
                    line.at.end..line.at.end,
                    "the code that it fails with is missing",
                    format!("the codes are {}", CODES.join(", ")),
                ));
            }
        };
        self.trying = true;
        let asked = self.command(name, Arguments::new(usage(name), command));
        self.trying = false;
        let (asked, accounts) = asked?;
        self.step(line, accounts, Does::Refused { asked, code });
        Ok(())
    }

    // --- Names

    /// The account that a word names, which must be there.
    fn account(&self, word: &Argument<'_>) -> Read<String> {
        let name = word.name()?;
        self.there(word, &name, "account", self.accounts.keys())?;
        Ok(name)
    }

    fn project(&self, word: &Argument<'_>) -> Read<String> {
        let name = word.name()?;
        self.there(word, &name, "project", self.projects.iter())?;
        Ok(name)
    }

    fn there<'n>(
        &self,
        word: &Argument<'_>,
        name: &str,
        what: &str,
        known: impl Iterator<Item = &'n String>,
    ) -> Read<()> {
        let known: Vec<&str> = known.map(String::as_str).collect();
        if self.trying || known.contains(&name) {
            return Ok(());
        }
        let remedy = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean {meant}?"),
            None if known.is_empty() => format!("there is none yet; write: {}", usage(what)),
            None => format!("the {what}s are {}", known.join(", ")),
        };
        Err(word.wrong(format!("there is no {what} {name:?} here"), remedy))
    }

    /// What amounts about this name are in.
    fn currency_of(&self, name: &str) -> Currency {
        let account = self.owner(name).and_then(|account| self.accounts.get(&account));
        account.copied().unwrap_or_else(|| self.currency())
    }

    fn currency(&self) -> Currency {
        match &self.cloud {
            Cloud::Unsaid => Currency::USD,
            Cloud::New(new) => new.currency,
            Cloud::Done(currency) => *currency,
        }
    }

    /// The account that a name stands for: its own, or that of the project, resource, order, hold or grant.
    fn owner(&self, name: &str) -> Option<String> {
        let mut name = name;
        // Of a resource its project, of that its account: never long, and never round.
        for _ in 0..4 {
            if self.accounts.contains_key(name) {
                return Some(name.to_owned());
            }
            name = self.belongs.get(name)?;
        }
        None
    }
}

/// The command that a word is.
fn known_command(word: &Word) -> Read<&'static str> {
    if let Some(known) = commands().find(|known| word.is(known)) {
        return Ok(known);
    }
    let remedy = match nearest(&word.text, commands()) {
        Some(meant) => format!("did you mean `{meant}`? write: {}", usage(meant)),
        None => format!("the commands are {}", commands().collect::<Vec<_>>().join(", ")),
    };
    Err(Wrong::new(word.at.clone(), format!("there is no command {:?}", word.text), remedy))
}

/// `on`, `off`, `fail` or `after=DURATION`
fn answering(arguments: &mut Arguments<'_>) -> Read<Answering> {
    if let Some(after) = arguments.key("after") {
        return Ok(Answering::After(after.duration()?));
    }
    let words = [("on", Answering::On), ("off", Answering::Off), ("fail", Answering::Fail)];
    arguments.word("on, off or after=")?.choice(&words, 3)
}
