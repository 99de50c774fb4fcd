//! How stories are played: the clock, waiting, comparing, refusing, and what a failing line says.

use super::super::report::play_all;
use super::super::rules;
use super::toy::Toys;
use super::{HEAD, played, played_on};

fn passes(lines: &str) {
    let told = played(lines);
    assert!(told.starts_with("ok "), "{told}");
}

/// What the failing lines say, without the head of the report.
fn fails(lines: &str, expected: &str) {
    let told = played(lines);
    let told = told.strip_prefix("FAILED  a test (story.scn)\n").unwrap_or_else(|| panic!("{told}"));
    assert_eq!(told, expected, "{told}");
}

#[test]
fn a_story_that_comes_true_passes() {
    assert_eq!(
        played("topup acme 10.00\nstart web project=site product=vm sku=small\nwait 10h\nexpect balance acme = 6.40\n"),
        "ok      a test (story.scn)\n"
    );
}

#[test]
fn the_clock_moves_and_everything_due_happens_on_the_way() {
    // 0.36 an hour is 0.0001 a second; the toy settles on the hour
    passes(
        "topup acme 10.00\nstart web project=site product=vm sku=small\nwait 90m\nexpect clock = 2026-03-01T01:30:00Z\nexpect balance acme == 9.64\nexpect accrued acme == 0.18\nexpect spendable acme == 9.46\nat 2026-03-01T02:00:00Z\nexpect balance acme == 9.28\nexpect charges acme = 0.72\n",
    );
    // A month of the calendar, in the account's zone: over the change of the clocks
    let rome = HEAD.replace("country=US", "time_zone=Europe/Rome");
    let told = played_on(
        Toys::default(),
        &format!(
            "{rome}at 2026-03-15T11:00:00Z\nwait 1mo\nexpect clock = 2026-04-15T10:00:00Z\nwait 1d\nexpect clock = 2026-04-16T10:00:00Z\n"
        ),
    );
    assert!(told.starts_with("ok "), "{told}");
}

#[test]
fn waiting_stops_at_the_very_second() {
    let start = "topup acme 1.00\nstart web project=site product=vm sku=small\n";
    // Zero after 10,000 s, between two settlements
    passes(&format!(
        "{start}wait until web is suspended\nexpect clock = 2026-03-01T02:46:40Z\nexpect balance acme == 0.00\n"
    ));
    // Between settlements: spendable falls by 0.0001 a second
    passes(&format!("{start}wait until spendable acme < 0.50\nexpect clock = 2026-03-01T01:23:21Z\n"));
    passes(&format!("{start}wait until spendable acme <= 0.50\nexpect clock = 2026-03-01T01:23:20Z\n"));
    // 0.505 still rounds to 0.50, half to even
    passes(&format!(
        "{start}wait until spendable acme = 0.50\nexpect clock = 2026-03-01T01:22:30Z\nexpect spendable acme == 0.505\n"
    ));
    passes(&format!("{start}wait until spendable acme == 0.5\nexpect clock = 2026-03-01T01:23:20Z\n"));
    // What has accrued rises, and begins anew at every settlement
    passes(&format!("{start}wait until accrued acme == 0.3599\nexpect clock = 2026-03-01T00:59:59Z\n"));
    // 0.715 rounds to 0.72, half to even
    passes(&format!("{start}wait until charges acme = 0.72\nexpect clock = 2026-03-01T01:59:10Z\n"));
    // The balance only moves when it is settled
    passes(&format!("{start}wait until balance acme < 0.50\nexpect clock = 2026-03-01T02:00:00Z\n"));
    passes(&format!("{start}wait until clock = 2026-03-01T00:00:07Z\nexpect accrued acme == 0.0007\n"));
    // What is true already is not waited for
    passes(&format!(
        "{start}wait until web is running\nexpect clock = 2026-03-01T00:00:00Z\nwait until ledger balanced\nexpect clock <= 2026-03-01T00:00:00Z\n"
    ));
}

#[test]
fn what_never_comes_is_waited_for_400_days() {
    fails(
        "topup acme 1.00\nwait until balance acme < 1.00\n",
        "error: this did not become true within 400 days\n --> story.scn:8:1\n  |\n8 | wait until balance acme < 1.00\n  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  = looked at every instant at which something happened, and at the seconds between; it is 1.00 USD\n  what happened to acme last:\n    2026-03-01T00:00:00Z  account acme country=US\n    2026-03-01T00:00:00Z  project site account=acme\n    2026-03-01T00:00:00Z  topup acme 1.00\n",
    );
    // It passes 0.5 at 0.50000 exactly; 0.50005 it never has
    let told =
        played("topup acme 1.00\nstart web project=site product=vm sku=small\nwait until spendable acme == 0.50005\n");
    assert!(told.contains("did not become true within 400 days"), "{told}");
}

#[test]
fn a_failing_line_says_what_was_found_and_what_happened_last() {
    fails(
        "topup acme 10.00 method=card:visa\nstart web project=site product=vm sku=small label.team=blue # a comment\nwait 12h\n\texpect  balance acme = 5.80 # wrong\nexpect spendable acme < 5\nexpect web is stopped\n",
        "error: this is not so\n  --> story.scn:10:2\n   |\n10 | \texpect  balance acme = 5.80 # wrong\n   | \t^^^^^^^^^^^^^^^^^^^^^^^^^^^\n   = expected 5.80, found 5.68 USD\n  what happened to acme last:\n    2026-03-01T03:00:00Z  settled 0.36 USD for web\n    2026-03-01T04:00:00Z  settled 0.36 USD for web\n    2026-03-01T05:00:00Z  settled 0.36 USD for web\n    2026-03-01T06:00:00Z  settled 0.36 USD for web\n    2026-03-01T07:00:00Z  settled 0.36 USD for web\n    2026-03-01T08:00:00Z  settled 0.36 USD for web\n    2026-03-01T09:00:00Z  settled 0.36 USD for web\n    2026-03-01T10:00:00Z  settled 0.36 USD for web\n    2026-03-01T11:00:00Z  settled 0.36 USD for web\n    2026-03-01T12:00:00Z  settled 0.36 USD for web\nerror: this is not so\n  --> story.scn:11:1\n   |\n11 | expect spendable acme < 5\n   | ^^^^^^^^^^^^^^^^^^^^^^^^^\n   = expected < 5, found 5.68 USD\n  what happened to acme last:\n    2026-03-01T03:00:00Z  settled 0.36 USD for web\n    2026-03-01T04:00:00Z  settled 0.36 USD for web\n    2026-03-01T05:00:00Z  settled 0.36 USD for web\n    2026-03-01T06:00:00Z  settled 0.36 USD for web\n    2026-03-01T07:00:00Z  settled 0.36 USD for web\n    2026-03-01T08:00:00Z  settled 0.36 USD for web\n    2026-03-01T09:00:00Z  settled 0.36 USD for web\n    2026-03-01T10:00:00Z  settled 0.36 USD for web\n    2026-03-01T11:00:00Z  settled 0.36 USD for web\n    2026-03-01T12:00:00Z  settled 0.36 USD for web\nerror: this is not so\n  --> story.scn:12:1\n   |\n12 | expect web is stopped\n   | ^^^^^^^^^^^^^^^^^^^^^\n   = expected stopped, found running\n  what happened to acme last:\n    2026-03-01T03:00:00Z  settled 0.36 USD for web\n    2026-03-01T04:00:00Z  settled 0.36 USD for web\n    2026-03-01T05:00:00Z  settled 0.36 USD for web\n    2026-03-01T06:00:00Z  settled 0.36 USD for web\n    2026-03-01T07:00:00Z  settled 0.36 USD for web\n    2026-03-01T08:00:00Z  settled 0.36 USD for web\n    2026-03-01T09:00:00Z  settled 0.36 USD for web\n    2026-03-01T10:00:00Z  settled 0.36 USD for web\n    2026-03-01T11:00:00Z  settled 0.36 USD for web\n    2026-03-01T12:00:00Z  settled 0.36 USD for web\n",
    );
    let lately =
        played("topup acme 10.00\nstart web project=site product=vm sku=small\nwait 1h\nexpect balance acme = 9.6\n");
    assert!(lately.starts_with("ok "), "{lately}");
    let exact =
        played("topup acme 10.00\nstart web project=site product=vm sku=small\nwait 1h\nexpect balance acme = 9.5\n");
    assert!(exact.contains("= expected 9.5, found 9.6 (exactly 9.64 USD)"), "{exact}");
}

#[test]
fn a_command_that_fails_ends_the_story() {
    fails(
        "start web project=site product=vm sku=small\nexpect balance acme = 99\n",
        "error: this was refused with insufficient_balance\n --> story.scn:7:1\n  |\n7 | start web project=site product=vm sku=small\n  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  = there is not enough to start with; where that is the story, write: expect error … -> insufficient_balance\n  what happened to acme last:\n    2026-03-01T00:00:00Z  account acme country=US\n    2026-03-01T00:00:00Z  project site account=acme\n",
    );
    let told = played("outage vm from=2026-02-01T00:00:00Z to=2026-02-01T01:00:00Z\n");
    assert!(told.contains("error: Farthing failed at this line") && told.contains("a toy has no power cuts"), "{told}");
    let told = played("close acme\n");
    assert!(told.contains("error: Farthing itself failed: a toy cannot close"), "{told}");
}

#[test]
fn what_is_refused_must_be_refused_so_and_leave_no_trace() {
    let start = "start web project=site product=vm sku=small";
    passes(&format!(
        "expect error {start} -> insufficient_balance\ntopup acme 1.00\n{start}\nexpect error authorise h account=acme amount=2.00 -> insufficient_balance\nauthorise h account=acme amount=0.40\nexpect available acme = 0.60\nexpect error start b project=site product=vm sku=large -> not_found\nexpect error topup acme -1.00 -> invalid\nexpect error topup acme 0.00 -> invalid\nexpect error use acme calls=-1 -> invalid\nexpect error topup nobody 1.00 -> not_found\nexpect error stop web at=2027-01-01T00:00:00Z -> invalid\n"
    ));
    // Done although it was to be refused: the story goes on, with what was done
    let told = played("expect error topup acme 1.00 -> below_minimum\nexpect balance acme = 1.00\n");
    assert!(
        told.contains("error: this was to be refused") && told.contains("= expected below_minimum, but it was done"),
        "{told}"
    );
    assert_eq!(told.matches("error:").count(), 1, "{told}");
    let told = played(&format!("expect error {start} -> not_found\n"));
    assert!(
        told.contains("= expected not_found, found insufficient_balance: there is not enough to start with"),
        "{told}"
    );
    // Refused, but it left a trace
    let told = played_on(
        Toys { forgetful: true, ..Toys::default() },
        &format!("{HEAD}expect error {start} -> insufficient_balance\n"),
    );
    assert!(told.contains("refused with insufficient_balance and yet changed something"), "{told}");
    assert!(told.contains("= before: 0 refusals; after: 1 refusals"), "{told}");
}

#[test]
fn usage_counts_once_and_may_be_spread_over_time() {
    let head = HEAD.replace("at 2026", "price api/calls \"0.01 / call\" kind=usage\nat 2026");
    let check = |lines: &str| {
        let told = played_on(Toys::default(), &format!("{head}{lines}"));
        assert!(told.starts_with("ok "), "{told}");
    };
    // The toy takes a cent for each
    check(
        "use acme calls=3\nuse acme calls=2 id=a\nuse acme calls=2 id=a\nuse acme calls=2 id=a source=other\nexpect balance acme = -0.07\n",
    );
    check("use acme calls=1 times=2500\nexpect balance acme = -25.00\nexpect clock = 2026-03-01T00:00:00Z\n");
    check("use acme calls=1 times=5 every=10m\nexpect balance acme = -0.05\nexpect clock = 2026-03-01T00:40:00Z\n");
    check("use acme calls=1 times=5 id=same\nexpect balance acme = -0.01\n");
}

#[test]
fn the_books_are_looked_at_at_the_end_of_every_story() {
    let told = played_on(Toys { unbalanced: true, ..Toys::default() }, HEAD);
    assert!(told.contains("error: the books do not add up at the end of the story"), "{told}");
    assert!(told.contains("= one unit is missing"), "{told}");
}

#[test]
fn what_is_not_built_yet_fails_and_says_so() {
    let check = |line: &str, name: &str| {
        let told = played(&format!("{line}\n"));
        assert!(told.starts_with("FAILED") && told.contains(&format!("error: not built yet: {name}\n")), "{told}");
    };
    check("order n account=acme product=vm", "order");
    check("pay n method=balance", "pay");
    check("cancel n", "cancel");
    check("invoice acme i charges=all", "invoice");
    check("dispute b amount=5.00", "dispute");
    check("coupon SPRING percent=20", "coupons");
    check("redeem acme SPRING", "coupons");
    check("trial acme", "payments");
    check("provider decline", "payments");
    check("mail fail", "mail");
    check("method add acme card:visa default=yes", "payments");
    check("method remove acme card:visa", "payments");
    check("chargeback acme 5.00", "payments");
    check("refund acme 5.00", "payments");
    check("write web 5GB", "write");
    check("expire web stop", "expire");
    check("approve i", "payments");
    check("estimate vm/small for=1mo", "estimate");
    check("cloud acks off", "cloud acks");
    check("cloud provisions after=5m", "cloud provisions");
    check("expect bill latest acme.total = 5.00", "expect bill");
    check("expect quota acme = 5", "expect quota");
    check("expect sent acme low_balance", "expect sent");
    check("expect nothing sent", "expect nothing sent");
    check("show bill b", "show bill");
    // Nor is it an error that was expected
    check("expect error redeem acme OLD -> expired", "coupons");
}

#[test]
fn what_is_shown_is_printed() {
    assert_eq!(
        played("topup acme 1.00\nshow ledger acme\n"),
        "ok      a test (story.scn)\n    show ledger acme at 2026-03-01T00:00:00Z\n    balance 1.00 USD\n"
    );
}

#[test]
fn faults_of_the_engine_are_played() {
    passes(
        "topup acme 10.00\nstart web project=site product=vm sku=small\ndown 5h\nexpect clock = 2026-03-01T05:00:00Z\nexpect balance acme = 8.20\ncrash\nexpect balance acme = 8.20\n",
    );
}

#[test]
fn files_are_told_in_order_and_rules_are_counted() {
    let folder = farthing_testbed::ScratchDir::new("scenarios");
    std::fs::create_dir(folder.join("b")).unwrap();
    std::fs::create_dir(folder.join(".hidden")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let story = |rules: &str, lines: &str| format!("{HEAD}rules {rules}\n{lines}");
    write("a.scn", &story("R25 R26", "topup acme 1.00\nexpect balance acme = 1.00\n"));
    write("b/c.scn", &story("R26", "expect balance acme = 1.00\n"));
    write("b/d.scn", "nonsense\n");
    write("b/e.scn", &story("R1", ""));
    write("b/notes.txt", "no story");
    write(".hidden/f.scn", "nonsense\n");
    let files = super::super::report::find(&[folder.path().to_owned(), folder.join("a.scn")]).unwrap();
    for threads in [1, 2, 5] {
        let mut heads = Vec::new();
        let told = play_all(&files, &Toys::default(), threads, |told| {
            heads.push(told.text.lines().next().unwrap().to_owned());
        });
        let heads: Vec<String> = heads.iter().map(|head| head.replace(folder.path().to_str().unwrap(), "")).collect();
        assert_eq!(
            heads,
            ["ok      a test (/a.scn)", "FAILED  a test (/b/c.scn)", "FAILED  /b/d.scn", "ok      a test (/b/e.scn)"]
        );
        let table = rules::table(&told).replace(folder.path().to_str().unwrap(), "");
        let about = |rule: &str| {
            let from = table.find(&format!("{rule:<5} ")).unwrap();
            let lines: Vec<&str> = table[from..].lines().collect();
            let more = lines[1..].iter().take_while(|line| line.starts_with(' '));
            std::iter::once(&lines[0]).chain(more).map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(
            about("R25"),
            "R25   pass     At zero everything is suspended until money comes\n               pass /a.scn"
        );
        assert_eq!(
            about("R26"),
            "R26   FAIL     Starting anything needs a minimum balance\n               pass /a.scn\n               FAIL /b/c.scn"
        );
        assert_eq!(about("R27"), "R27   missing  Days from suspension to deletion, stopped by payment");
        assert!(table.ends_with("\n2 rules proven, 1 failing, 97 missing\n"), "{table}");
    }
}
