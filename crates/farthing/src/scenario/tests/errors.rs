//! What is no scenario is told at its place, with what to write instead. The answers stand in `errors.txt`: every line with
//! the place that is meant, what is wrong, and the remedy.

use super::{HEAD, remarks, same_as_file};

/// Each of these alone, after [`HEAD`].
const LINES: &[&str] = &[
    // Words that are none
    "strat web",
    "\"wait\" 1h",
    "topup acme 5.00 metod=card:visa",
    "topup acme 5.00 note=hello",
    "topup acme 5.00 method=card:visa method=card:amex",
    "topup acme 5.00 USD",
    "project other account = acme",
    "set acme auto_refil=on",
    "use acme cals=5",
    "use acme colour=5",
    "start web project=site product=vm regoin=eu",
    "expect balnce acme = 5",
    "expect web = running",
    "expect web is suspnded",
    "expect sent acme low_balanse",
    "expect error stop web -> not_fond",
    "provider die",
    "scan n paid=72.30 currency=XYZ",
    "cancel n when=nwo",
    // What is missing
    "topup acme",
    "project other",
    "start web project=site",
    "resize web",
    "use acme",
    "expect",
    "expect balance acme",
    "expect balance acme =",
    "expect error stop web",
    "expect error -> not_found",
    "wait",
    "wait until",
    "order n product=vm",
    "rules",
    // Values that are none
    "at 2026-13-01T00:00:00Z",
    "at 2026-04-01",
    "wait 1.5h",
    "wait 3 d",
    "topup acme 5,00",
    "topup acme five",
    "gauge disk big",
    "gauge disk 10_GB",
    "account Acme",
    "account acme2 country=us",
    "account acme2 time_zone=Europe/Roma",
    "account acme2 currency=EURO",
    "authorise h account=acme amount=5.00 ttl=1mo",
    "use acme calls=1 times=0",
    "use acme calls=1 every=5m",
    "expect balance acme = 5.8.0",
    "expect clock = today",
    "expect balance acme is 5",
    "expect web < running",
    "expect resource web < running",
    "expect balance acme > 5",
    "expect balance acme=5",
    "expect balance acme = 5 6",
    "rules R25 25",
    "rules R101",
    "coupon X percent=20 amount=5.00",
    "outage vm from=2026-02-02T00:00:00Z to=2026-02-01T00:00:00Z",
    // Names that nobody has, or somebody has already
    "topup acmee 5.00",
    "expect balance acmme = 5",
    "start web project=sight product=vm",
    "project other account=nobody",
    "account acme",
    // Things in the wrong order
    "at 2026-02-01T00:00:00Z",
    "policy settle.every = 5m",
    "price vm/large \"1 / hour\"",
    "cloud new",
    "scenario \"again\"",
    "expect error wait 1h -> invalid",
    "wait until error stop web -> not_found",
];

/// These are whole texts.
const TEXTS: &[&str] = &[
    "",
    "# only a comment\n",
    "scenario \"no cloud\"\naccount acme\n",
    "scenario \"no such cloud\"\ncloud clouds/cloud.toml\naccount acme\n",
    "scenario \"no such file\"\ncloud Cargo.toml\n",
    "scenario two words\ncloud new\n",
    "scenario \"late\"\ncloud new\naccount acme\npolicy settle.every = 5m\nprice vm/small \"1 / hour\"\n",
    "scenario \"no cloud to price\"\nprice vm/small \"1 / hour\"\n",
    "scenario \"open quotes\"\ncloud new\nshow \"ledger\n",
    "scenario \"file\"\ncloud new\napply nowhere.toml\n",
    "scenario \"policies\"\ncloud new\npolicy settle.evry = 5m\npolicy start.min_balance = five\npolicy settle.every = 7m\npolicy ladder.delete.after = 0h\n",
    "scenario \"a policy twice\"\ncloud new\npolicy zero.block_new_only = true\npolicy zero.block_new_only = false\n",
    "scenario \"policy words\"\ncloud new\npolicy\npolicy = 5\npolicy a..b = 5\npolicy settle.every =\npolicy settle.late_window = 3 days\npolicy top_up.channels = [card]\npolicy cloud.name = \"open\n",
    "scenario \"prices\"\ncloud new currency=EUR\nprice vm/a \"1 GBP / hour\"\nprice vm/b \"1 / hour\" kind=runing\nprice vm/c \"1 / hour\" mode=volume\nprice vm/d \"1 / hour\" tiers=\"100\"\nprice Vm/e \"1 / hour\"\nprice vm/f\nprice vm/g \"1 / hour\" cap=lots\nprice vm/h \"1 / hour\" colour=red\n",
    "scenario \"a price that its kind does not have\"\ncloud new\nprice vm/a \"1 / hour\"\nprice disk \"0.10 / GB\" kind=capacity\n",
    "scenario \"a price of nothing\"\ncloud new\nprice disk \"0.10 / month\" kind=capacity\n",
    "scenario \"priced twice\"\ncloud new\nprice vm/a \"1 / hour\"\nprice vm/a \"2 / hour\"\n",
    "scenario \"two kinds\"\ncloud new\nprice vm/a \"1 / hour\"\nprice vm/b \"2 / call\" kind=usage\n",
    "scenario \"tiers\"\ncloud new\nprice api/calls \"0.10 / call\" kind=usage tiers=\"500:0.10 100:0.05\"\n",
    "scenario \"fixed\"\ncloud new\nprice vm/a \"1 / hour\" cap=5.00 fixed=yes\n",
    "scenario \"clock\"\ncloud new\nat 2026-03-01T00:00:00Z\nwait 2d\nat 2026-03-02T00:00:00Z\nwait 1mo\nat 2026-03-30T00:00:00Z\nat 2026-04-01T00:00:00Z\n",
    "wait 1x\nstop\nscenario \"many\"\ncloud new\nexpect acme\nshow it now\ntopup \"open\n",
];

#[test]
fn every_mistake_is_told() {
    let mut told = String::new();
    for line in LINES {
        let found = remarks(&format!("{HEAD}{line}\n"));
        assert_eq!(found.matches("error: ").count(), 1, "{line}\n{found}");
        // The number of the line is HEAD's matter.
        let lines = found.lines().filter(|line| !line.starts_with(" -->") && !line.ends_with(" |"));
        told.extend(lines.map(|line| format!("{}\n", line.trim_start_matches("7 | ").trim_start_matches("  | "))));
        told.push('\n');
    }
    same_as_file("errors.txt", &told);
    let mut told = String::new();
    for text in TEXTS {
        let found = remarks(text);
        assert!(!found.is_empty(), "{text}");
        told.extend([text, "---\n", &found, "==========\n"]);
    }
    same_as_file("error_texts.txt", &told);
}

#[test]
fn a_remark_is_told_as_a_compiler_would() {
    assert_eq!(
        remarks("scenario \"x\"\ncloud new\n\tstrat web # oops\n"),
        "error: there is no command \"strat\"\n --> story.scn:3:2\n  |\n3 | \tstrat web # oops\n  | \t^^^^^\n  = did you mean `start`? write: start NAME project=PROJECT product=PRODUCT [sku=] [size=] [user=] [state=] [label.KEY=] [at=TIME]\n"
    );
}
