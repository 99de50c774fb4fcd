//! What journals say, and that the real programs hold them to it: a true one is accepted, one altered by a single unit of
//! the last decimal is refused.
//!
//! hledger, Ledger and Beancount must be installed; the tests say so rather than pass without them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use farthing_core::id::CauseId;
use farthing_core::journal::{Format, Journal, JournalAccount};
use farthing_core::ledger::{AccountId, Chart, Commodity, CommodityId, CommodityKind, Entry, Flags, Kind, TransferId};
use farthing_core::time::Instant;

/// A ledger in memory, with the sums a store would keep.
#[derive(Clone, Default)]
struct Books {
    commodities: Vec<Commodity>,
    accounts: Vec<JournalAccount>,
    entries: Vec<Entry>,
    /// Debits and credits by account.
    sums: BTreeMap<AccountId, (i64, i64)>,
}

/// What a transfer has beside its accounts and its amount.
#[derive(Clone, Copy, Default)]
struct More {
    effective: Option<Instant>,
    reverses: Option<TransferId>,
    linked: Option<TransferId>,
    cause: Option<CauseId>,
}

impl Books {
    fn commodity(&mut self, code: &str, kind: CommodityKind, decimals: u32) -> CommodityId {
        let id = CommodityId(i64::try_from(self.commodities.len()).unwrap() + 1);
        self.commodities.push(Commodity { id, code: code.to_owned(), kind, decimals });
        id
    }

    fn account(&mut self, owner: &str, code: &str, commodity: CommodityId, opened: Instant) -> AccountId {
        let id = AccountId(i64::try_from(self.accounts.len()).unwrap() + 1);
        let chart = Chart::parse(code).expect(code);
        self.accounts.push(JournalAccount { id, owner: owner.to_owned(), chart, commodity, opened, balance: 0 });
        id
    }

    /// None where a sum would leave 64 bits, as the ledger itself would refuse it.
    fn book(
        &mut self,
        recorded: Instant,
        kind: Kind,
        [debit, credit]: [AccountId; 2],
        amount: i64,
        more: More,
    ) -> Option<TransferId> {
        let debits = self.sums.entry(debit).or_default().0.checked_add(amount)?;
        let credits = self.sums.entry(credit).or_default().1.checked_add(amount)?;
        self.sums.get_mut(&debit).unwrap().0 = debits;
        self.sums.get_mut(&credit).unwrap().1 = credits;
        for account in &mut self.accounts {
            let (debits, credits) = self.sums.get(&account.id).copied().unwrap_or_default();
            account.balance = credits - debits;
        }
        let count = u8::try_from(self.entries.iter().filter(|entry| entry.id.recorded() == recorded).count()).unwrap();
        let id = TransferId::from_parts(recorded, 0, count).unwrap();
        self.entries.push(Entry {
            id,
            cause: more.cause,
            kind,
            flags: Flags::NONE,
            effective: more.effective.unwrap_or(recorded),
            debit,
            credit,
            amount,
            reverses: more.reverses,
            linked: more.linked,
            debit_after: 0,
            credit_after: 0,
            debit_previous: None,
            credit_previous: None,
        });
        Some(id)
    }

    fn journal(&self, format: Format) -> String {
        let mut journal = Journal::begin(Vec::new(), format, &self.commodities, self.accounts.clone()).unwrap();
        for entry in &self.entries {
            journal.push(entry).unwrap();
        }
        String::from_utf8(journal.finish().unwrap()).unwrap()
    }
}

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// One of everything: free credit, a linked pair, a reversal, an account of no transfers, shards of one name, a unit, a
/// currency without decimals, amounts of one unit and of nearly all that 64 bits hold.
fn small() -> Books {
    let mut books = Books::default();
    let usd = books.commodity("USD", CommodityKind::Currency, 8);
    let jpy = books.commodity("JPY", CommodityKind::Currency, 0);
    let gpu = books.commodity("gpu-unit", CommodityKind::Unit, 3);
    let opened = at("2026-08-01T00:00:00Z");
    let mut account = |owner, code, commodity| books.account(owner, code, commodity, opened);
    let cash = account("acme", "cash", usd);
    let welcome = account("acme", "credit/welcome", usd);
    let _refund_due = account("acme", "refund-due", usd);
    let units = account("acme", "units/gpu", gpu);
    let stripe = account("cloud-elestio", "provider/stripe", usd);
    let promo_open = account("cloud-elestio", "promo-open", usd);
    let promo_used = account("cloud-elestio", "promo-used", usd);
    let revenue = account("cloud-elestio", "revenue/service", usd);
    let revenue_shard = account("cloud-elestio", "revenue/service", usd);
    let tax = account("cloud-elestio", "tax/IE-23", usd);
    let units_out = account("cloud-elestio", "units-out", gpu);
    let yen = account("名前 (€)", "cash", jpy);
    let stripe_yen = account("cloud-elestio", "provider/stripe", jpy);

    let mut book = |recorded, kind, accounts, amount, more| books.book(at(recorded), kind, accounts, amount, more);
    let alone = More::default();
    let cause = Some(CauseId::derive(at("2026-08-18T09:30:00Z"), &[b"top-up", b"1"]));
    let top_up = book("2026-08-18T09:30:00Z", Kind::TopUp, [stripe, cash], 2_500_000_000, More { cause, ..alone });
    book("2026-08-18T09:30:00Z", Kind::TopUpTax, [cash, tax], 467_479_675, More { linked: top_up, ..alone });
    book("2026-08-18T09:30:00.000001Z", Kind::CreditGranted, [promo_open, welcome], 500_000_000, alone);
    let first = book("2026-08-18T23:59:59.999999Z", Kind::UsageByCredit, [welcome, promo_open], 1, alone);
    let pair = More { linked: first, ..alone };
    book("2026-08-18T23:59:59.999999Z", Kind::PromotionUsed, [promo_used, revenue], 1, pair);
    let effective = Some(at("2026-08-18T23:00:00Z"));
    let late = More { effective, ..alone };
    let usage = book("2026-08-19T00:10:00Z", Kind::UsageByCash, [cash, revenue_shard], 123_456_789, late);
    let back = More { reverses: usage, ..alone };
    book("2026-08-19T00:20:00Z", Kind::Reversal, [revenue_shard, cash], 123_456_789, back);
    book("2026-08-20T00:00:00Z", Kind::UnitsBought, [units_out, units], i64::MAX - 1, alone);
    book("2026-08-20T00:00:00Z", Kind::UnitsBought, [units_out, units], 1, alone);
    book("2026-08-21T12:00:00Z", Kind::TopUp, [stripe_yen, yen], 1, alone);
    books
}

fn check_text(format: Format, expected: &str) {
    let written = small().journal(format);
    if written != expected {
        let line = written.lines().zip(expected.lines()).take_while(|(is, should)| is == should).count() + 1;
        panic!("the {} journal differs from its snapshot at line {line}; it is now:\n{written}", format.name());
    }
}

#[test]
fn journal_text_for_hledger() {
    check_text(Format::Hledger, include_str!("journal_programs/small.hledger"));
}

#[test]
fn journal_text_for_ledger() {
    check_text(Format::Ledger, include_str!("journal_programs/small.ledger"));
}

#[test]
fn journal_text_for_beancount() {
    check_text(Format::Beancount, include_str!("journal_programs/small.beancount"));
}

/// What the program says against the journal; nothing where it accepts it.
fn complaint(format: Format, journal: &str) -> Option<String> {
    static FILES: AtomicU32 = AtomicU32::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let file =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{number}.{}", std::process::id(), format.name()));
    fs::write(&file, journal).unwrap();
    let (program, before, after): (_, &[&str], &[&str]) = match format {
        Format::Hledger => ("hledger", &["-f"], &["check", "--strict", "ordereddates", "payees"]),
        Format::Ledger => {
            ("ledger", &["--args-only", "--strict", "--pedantic", "--explicit", "--check-payees", "-f"], &["source"])
        }
        Format::Beancount => ("bean-check", &["--no-cache"], &[]),
    };
    let output = Command::new(program).args(before).arg(&file).args(after).env("LC_ALL", "C.UTF-8").output();
    let output = output.unwrap_or_else(|error| {
        panic!(
            "{program} could not be run ({error}): install the three with `apt-get install hledger ledger beancount`"
        )
    });
    fs::remove_file(&file).unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (!output.status.success()).then_some(said)
}

fn assert_accepted(books: &Books, what: &str) {
    for format in Format::ALL {
        let journal = books.journal(format);
        if let Some(complaint) = complaint(format, &journal) {
            panic!("{what}: {} refuses a true journal: {complaint}\n{journal}", format.name());
        }
    }
}

/// `reasons`: what hledger, Ledger and Beancount say to it, in the order of `Format::ALL`; `|` where versions differ.
fn assert_refused(journal: impl Fn(Format) -> String, reasons: [&str; 3], what: &str) {
    for (format, reason) in Format::ALL.into_iter().zip(reasons) {
        let Some(complaint) = complaint(format, &journal(format)) else {
            panic!("{what}: {} accepts it", format.name());
        };
        let said = complaint.to_lowercase();
        let is_said = reason.split('|').any(|reason| said.contains(reason));
        assert!(is_said, "{what}: {} refuses it, but says: {complaint}", format.name());
    }
}

const UNBALANCED: [&str; 3] = ["could not balance|is unbalanced", "does not balance", "does not balance"];
const WRONG_BALANCE: [&str; 3] = ["balance assertion", "balance assertion off by", "balance failed for"];

/// The journal with one more unit of the last decimal, or one less, in the postings of a transfer: (its debit, its credit).
fn altered(journal: &str, transfer: TransferId, units: (i128, i128)) -> String {
    let id = transfer.to_string();
    let mut lines: Vec<String> = journal.lines().map(str::to_owned).collect();
    // Its own line comes first: what links to it or reverses it is later.
    let start = lines.iter().position(|line| line.contains(&id)).expect("every transfer is in the journal");
    let end = lines.iter().skip(start).position(String::is_empty).expect("something follows every transfer") + start;
    for (line, units) in [(end - 2, units.0), (end - 1, units.1)] {
        let parts: Vec<&str> = lines[line].split_whitespace().collect();
        let [account, amount, symbol] = parts[..] else { panic!("{} is no posting", lines[line]) };
        lines[line] = format!("  {account}  {} {symbol}", plus(amount, units));
    }
    lines.join("\n") + "\n"
}

fn plus(decimal: &str, units: i128) -> String {
    let decimals = decimal.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let amount: i128 = decimal.replace('.', "").parse().unwrap();
    let amount = amount + units;
    let digits = format!("{:0>width$}", amount.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let mark = if decimals == 0 { "" } else { "." };
    format!("{}{whole}{mark}{fraction}", if amount < 0 { "-" } else { "" })
}

#[test]
fn a_true_journal_is_accepted() {
    assert_accepted(&small(), "the small ledger");
    assert_accepted(&Books::default(), "an empty ledger");
    let mut unused = small();
    unused.entries.clear();
    unused.accounts.iter_mut().for_each(|account| account.balance = 0);
    assert_accepted(&unused, "a ledger without a transfer");
}

#[test]
fn a_journal_with_one_posting_off_by_a_unit_is_refused() {
    let books = small();
    for entry in &books.entries {
        for units in [(1, 0), (0, -1)] {
            let journal = |format| altered(&books.journal(format), entry.id, units);
            assert_refused(journal, UNBALANCED, &format!("{} {units:?}", entry.kind.name()));
        }
    }
}

#[test]
fn a_journal_with_both_postings_off_by_a_unit_is_refused() {
    let books = small();
    for entry in &books.entries {
        for units in [(1, -1), (-1, 1)] {
            let journal = |format| altered(&books.journal(format), entry.id, units);
            assert_refused(journal, WRONG_BALANCE, &format!("{} {units:?}", entry.kind.name()));
        }
    }
}

#[test]
fn a_journal_that_lacks_a_transfer_or_has_one_more_is_refused() {
    let books = small();
    let mut lacking = books.clone();
    lacking.entries.pop();
    assert_refused(|format| lacking.journal(format), WRONG_BALANCE, "one less");
    let mut more = books.clone();
    let last = more.entries.last().unwrap().clone();
    more.entries.push(Entry { id: last.id.plus(1).unwrap(), ..last });
    assert_refused(|format| more.journal(format), WRONG_BALANCE, "one more");
}

#[test]
fn a_journal_whose_store_has_another_balance_by_a_unit_is_refused() {
    for place in 0..small().accounts.len() {
        for units in [1, -1] {
            let mut books = small();
            // Saturates at the account that holds all of 64 bits, where the other unit is tried.
            let balance = books.accounts[place].balance.saturating_add(units);
            if balance == books.accounts[place].balance {
                continue;
            }
            books.accounts[place].balance = balance;
            assert_refused(|format| books.journal(format), WRONG_BALANCE, &format!("account {} {units}", place + 1));
        }
    }
}

#[test]
fn a_journal_with_an_undeclared_account_or_commodity_is_refused() {
    fn check(from: [&str; 3], to: [&str; 3], reasons: [&str; 3], what: &str) {
        let replaced = |format: Format| {
            let place = Format::ALL.iter().position(|other| *other == format).unwrap();
            let journal = small().journal(format);
            assert!(journal.contains(from[place]), "{what}: {} is not in it", from[place]);
            journal.replace(from[place], to[place])
        };
        assert_refused(replaced, reasons, what);
    }
    check(
        ["\n    liabilities:acme:cash:USD  ", "\n    liabilities:acme:cash:USD  ", "\n  Liabilities:Acme:Cash:USD  "],
        ["\n    liabilities:acme:c:USD  ", "\n    liabilities:acme:c:USD  ", "\n  Liabilities:Acme:C:USD  "],
        ["undeclared account|not been declared", "unknown account", "invalid reference to unknown account"],
        "an account of another name",
    );
    check(
        [" 1 JPY\n", " 1 JPY\n", "  1 JPY\n"],
        [" 1 JPX\n", " 1 JPX\n", "  1 JPX\n"],
        ["could not balance|is unbalanced", "unknown commodity", "invalid currency jpx"],
        "a commodity of another name",
    );
}

/// Knuth's linear congruential generator: the same ledgers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// Of any length up to what 64 bits hold, each as likely.
    fn amount(&mut self) -> i64 {
        let bits = (self.below(1 << 31) as u64) << 32 | self.below(1 << 31) as u64;
        let amount = bits << 1 >> self.below(63) >> 1;
        i64::try_from(amount).unwrap().max(1)
    }
}

const OWNERS: [&str; 34] = [
    "acme",
    "Acme",
    "ACME",
    "acme-",
    "-acme",
    "ac-me",
    "ac--me",
    "A--20-B",
    "a b",
    "a  b",
    " a",
    "a:b",
    "a;b",
    "a\tb",
    "a\nb",
    "(paren)",
    "[bracket]",
    "\"quoted\"",
    "back\\slash",
    "",
    "-",
    "%",
    "%20",
    "7",
    "x",
    "X",
    "X---x",
    "名前株式会社",
    "€uro",
    "Ünïcödé",
    "ﬁn",
    "🦀",
    "e\u{301}",
    "قهوة",
];
const CODES: [&str; 16] = [
    "cash",
    "credit/welcome",
    "credit/Welcome",
    "credit/a/b",
    "credit/a",
    "credit/ €",
    "units/7",
    "deferred/名",
    "unbilled",
    "receivable/B-2026-001",
    "receivable/debt",
    "provider/stripe",
    "revenue/service",
    "promo-used",
    "rounding",
    "units-out",
];
const COMMODITIES: [(&str, u32); 30] = [
    ("USD", 8),
    ("EUR", 2),
    ("JPY", 0),
    ("BHD", 9),
    ("gpu-unit", 3),
    ("GPU-UNIT", 0),
    ("gpu_unit", 18),
    ("h", 6),
    ("m", 0),
    ("s", 2),
    ("%73", 1),
    ("hour", 6),
    ("AUTO", 2),
    ("true", 2),
    ("TRUE", 2),
    ("and", 0),
    ("a b", 2),
    ("\"q\"", 2),
    ("x;y", 2),
    ("5G", 4),
    ("名", 2),
    ("€", 2),
    ("", 0),
    ("-", 1),
    ("%", 1),
    ("@", 2),
    ("=", 2),
    ("GB·month", 12),
    ("a-very-long-name-of-a-unit-of-one-thing", 2),
    ("a-very-long-name-of-a-unit-of-another", 2),
];

fn any_books(random: &mut Random) -> Books {
    let mut books = Books::default();
    let start = at("2026-02-27T00:00:00Z");
    let after = |random: &mut Random, from: Instant| {
        let limit = random.one_of(&[1, 1_000_000, 200_000_000_000]);
        from.checked_add_micros(i64::try_from(random.below(limit)).unwrap()).unwrap()
    };
    for (code, decimals) in COMMODITIES {
        let kind = random.one_of(&[CommodityKind::Currency, CommodityKind::Unit]);
        let commodity = books.commodity(code, kind, decimals);
        for _ in 0..6 {
            // Some open later than their first transfer.
            let opened = after(random, start);
            books.account(random.one_of(&OWNERS), random.one_of(&CODES), commodity, opened);
        }
    }
    let mut recorded = start;
    while books.entries.len() < 400 {
        recorded = after(random, recorded);
        let first = random.below(COMMODITIES.len()) * 6;
        let [debit, credit] = [first + random.below(6), first + random.below(6)].map(|place| books.accounts[place].id);
        let earlier = |random: &mut Random| {
            let place = random.below(books.entries.len() * 4 + 1);
            books.entries.get(place).map(|entry| entry.id)
        };
        let more = More {
            effective: Some(random.one_of(&[recorded, start, Instant::EPOCH, Instant::MAX])),
            reverses: earlier(random),
            linked: earlier(random),
            cause: None,
        };
        let (kind, amount) = (random.one_of(Kind::ALL), random.amount());
        let same_micro = books.entries.iter().filter(|entry| entry.id.recorded() == recorded).count();
        if debit != credit && same_micro < 64 {
            books.book(recorded, kind, [debit, credit], amount, more);
        }
    }
    books
}

#[test]
fn any_journal_is_accepted_and_refused_when_a_unit_is_changed() {
    for seed in 1..=6 {
        let mut random = Random(seed);
        let books = any_books(&mut random);
        assert_accepted(&books, &format!("seed {seed}"));

        let entry = &books.entries[random.below(books.entries.len())];
        let what = format!("seed {seed}, {}", entry.id);
        let one = random.one_of(&[(1, 0), (-1, 0), (0, 1), (0, -1)]);
        assert_refused(|format| altered(&books.journal(format), entry.id, one), UNBALANCED, &what);
        let both = random.one_of(&[(1, -1), (-1, 1)]);
        assert_refused(|format| altered(&books.journal(format), entry.id, both), WRONG_BALANCE, &what);
        let mut other = books.clone();
        let place = random.below(other.accounts.len());
        let balance = &mut other.accounts[place].balance;
        *balance = balance.checked_add(1).unwrap_or(*balance - 1);
        assert_refused(|format| other.journal(format), WRONG_BALANCE, &format!("seed {seed}, account {}", place + 1));
    }
}
