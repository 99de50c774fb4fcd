//! The demo and its pages, without a network: a small demo in a store of its own, every page asked for through the router.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use farthing::clouds::{self, Cloud};
use farthing::demo::{Size, load};
use farthing_console::{self as console, Console, Verdict};
use farthing_core::ledger::{AccountId, Kind, TransferId};
use farthing_core::money::{Currency, Locale, Money};
use farthing_core::time::{Instant, Zone};
use farthing_engine::{ChargeQuestion, Contact, Engine, NewAccount};
use farthing_store::{AccountRow, BillFilter, Location, Options, OwnerRow, Store, StoreError, ThingKind};
use farthing_testbed::ScratchDir;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use tower::ServiceExt as _;

/// A store filled with a small demo, and what it is about.
struct Stage {
    engine: Engine,
    clouds: Vec<Cloud>,
    folder: ScratchDir,
}

fn end() -> Instant {
    Instant::parse("2026-11-20T15:30:00Z").unwrap()
}

/// For what does not depend on anybody's life: prices, methods, hosts.
const HARDLY_ANY: Size = Size { days: 0, customers: (1, 1) };

impl Stage {
    fn new(size: Size, end: Instant) -> Stage {
        let folder = ScratchDir::new("demo");
        let options = Options { sqlite_sync_commits: false, sqlite_log_mib: 1, ..Options::default() };
        let store = Store::open(&Location::Sqlite(folder.join("demo.db")), &options).unwrap();
        let clouds = clouds::embedded().unwrap();
        let engine = load(store, &clouds, size, end).unwrap().engine;
        Stage { engine, clouds, folder }
    }

    fn read<T>(&self, work: impl FnMut(&mut farthing_store::Tx<'_>) -> Result<T, StoreError>) -> T {
        self.engine.store().read("test", work).unwrap()
    }

    fn verdict(&self) -> Verdict {
        Verdict::of(&self.engine).unwrap()
    }

    /// Every customer with its accounts.
    fn customers(&self, cloud: &str) -> Vec<(OwnerRow, Vec<AccountRow>)> {
        self.read(|tx| {
            let owners = tx.owners()?.into_iter().filter(|owner| owner.cloud == cloud && !owner.books);
            owners.map(|owner| Ok((owner.clone(), tx.accounts_of(owner.id)?))).collect()
        })
    }

    fn pages(self) -> Pages {
        let (clouds, verdict) = (self.clouds.clone(), self.verdict());
        Pages { router: console::router(Console::new(self.engine, clouds, verdict)), _folder: self.folder }
    }
}

struct Pages {
    router: Router,
    _folder: ScratchDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Pages {
    fn ask(&self, method: Method, address: &str, host: &str) -> Answer {
        let request = Request::builder().method(method).uri(address).header("host", host);
        let request = request.header("accept-language", "en").body(Body::empty()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            Answer { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
        })
    }

    fn get(&self, address: &str) -> Answer {
        self.ask(Method::GET, address, "127.0.0.1:8080")
    }

    fn good(&self, address: &str) -> String {
        let answer = self.get(address);
        assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.text);
        answer.text
    }
}

/// What every answer carries, page or not.
fn assert_headers(address: &str, headers: &HeaderMap) {
    let header = |name: &str| headers.get(name).unwrap_or_else(|| panic!("{address} has no {name}")).to_str().unwrap();
    let policy = header("content-security-policy");
    for part in ["default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{address}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script"), "{address}: {policy}");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert_eq!(header("cache-control"), "no-store");
}

/// The addresses a page links to, as a browser would ask for them.
fn links(page: &str) -> BTreeSet<String> {
    let found = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let plain = found.map(|link| link.replace("&#38;", "&").split('#').next().unwrap_or_default().to_owned());
    plain.filter(|link| link.starts_with('/')).collect()
}

/// A page but for the files of a cloud that it shows to the letter: they may well name addresses.
fn without_files(page: &str) -> String {
    let mut parts = page.split("<pre").flat_map(|part| part.split("<textarea"));
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |drawn, part| {
        let rest = part.split_once("</pre>").or_else(|| part.split_once("</textarea>"));
        drawn + rest.expect("it ends").1
    })
}

#[test]
fn every_page_that_is_linked_is_there_and_needs_nothing_from_elsewhere() {
    let pages = Stage::new(Size::SMALL, end()).pages();
    let mut seen: BTreeSet<String> = BTreeSet::from(["/".to_owned()]);
    let mut next: Vec<String> = vec!["/".to_owned()];
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(address) = next.pop() {
        // A few of each kind tell as much as all of them.
        let kind = address.split('/').map(|part| part.split(['_', '?']).next().unwrap_or_default()).take(2).collect();
        let asked = kinds.entry(kind).or_default();
        *asked += 1;
        if *asked > 90 {
            continue;
        }
        let answer = pages.get(&address);
        assert_eq!(answer.status, StatusCode::OK, "{address}");
        assert_headers(&address, &answer.headers);
        if answer.headers["content-type"] != "text/html; charset=utf-8" {
            continue;
        }
        let page = &answer.text;
        for needed in ["<html lang=\"", "<main id=\"content\"", "<h1>", "<title>"] {
            assert!(page.contains(needed), "{address} has no {needed}");
        }
        let drawn = without_files(page);
        for refused in ["<script", " style=", "<style", "http://", "https://", " onclick"] {
            assert!(!drawn.contains(refused), "{address} has {refused}");
        }
        next.extend(links(page).into_iter().filter(|link| seen.insert(link.clone())));
    }
    assert!(kinds.values().sum::<usize>() > 150, "{kinds:?}");
}

/// An amount as a page writes it in a column, in English: without its currency.
fn bare(units: i128) -> String {
    let text = Money::from_units(i64::try_from(units).unwrap(), Currency::USD).format(Locale::En);
    text.chars().filter(|c| c.is_ascii_digit() || [',', '.', '\u{2212}'].contains(c)).collect()
}

fn sum(customers: &[(OwnerRow, Vec<AccountRow>)], of: impl Fn(&AccountRow) -> i64) -> i128 {
    customers.iter().flat_map(|(_, accounts)| accounts).map(|row| i128::from(of(row))).sum()
}

fn balance(row: &AccountRow, wanted: &str) -> i64 {
    if row.code.split('/').next() == Some(wanted) { row.account.balance() } else { 0 }
}

/// The text of the cells of every row of `page` between `from` and the next `</table>`, amounts whole.
fn rows(page: &str, from: &str) -> Vec<Vec<String>> {
    let table = page.split_once(from).unwrap_or_else(|| panic!("no {from}")).1.split("</table>").next().unwrap();
    let text = |html: &str| {
        let tagless =
            html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect::<String>();
        tagless.trim().replace("&#38;", "&")
    };
    let cells = |row: &str| {
        let marked = row.replace("<th ", "\u{1}<").replace("<td ", "\u{1}<");
        marked.split('\u{1}').skip(1).map(text).collect::<Vec<_>>()
    };
    table.split("<tr").skip(1).map(|row| cells(row.split("</tr>").next().unwrap())).collect()
}

#[test]
fn totals_on_pages_are_the_ledgers_sums() {
    let stage = Stage::new(Size::SMALL, end());
    let clouds = stage.clouds.clone();
    let customers: Vec<_> = clouds.iter().map(|cloud| stage.customers(&cloud.id)).collect();
    let pages = stage.pages();
    let home = pages.good("/");
    for (cloud, customers) in clouds.iter().zip(&customers) {
        let line = rows(&home, "<tbody>").into_iter().find(|line| line[0].starts_with(&cloud.name)).expect(&cloud.name);
        let text = |units: i128| Money::from_units(i64::try_from(units).unwrap(), cloud.currency).format(Locale::En);
        let expected = [
            text(sum(customers, |row| balance(row, "cash"))),
            text(sum(customers, |row| balance(row, "credit"))),
            text(-sum(customers, |row| balance(row, "receivable"))),
            text(sum(customers, |row| row.account.held)),
        ];
        assert_eq!(line[2..6], expected, "{}", cloud.id);
        let list = pages.good(&format!("/clouds/{}/accounts", cloud.id));
        for (owner, accounts) in customers {
            let line =
                rows(&list, "<tbody>").into_iter().find(|line| line[0].starts_with(&owner.name)).expect(&owner.name);
            let cash: i128 = accounts.iter().map(|row| i128::from(balance(row, "cash"))).sum();
            assert_eq!(line[2], bare(cash), "{} {}", cloud.id, owner.name);
        }
        // What is owed stands on the first page and under Money, and is the ledger's.
        let owed = text(-sum(customers, |row| balance(row, "receivable")));
        assert!(pages.good(&format!("/clouds/{}", cloud.id)).contains(&owed), "{owed} is not on the first page");
    }
}

/// `1,234.5006` as a count of millionths of millionths: exact, whatever its decimals.
fn exact(text: &str) -> i128 {
    let digits = text.replace(',', "").replace('\u{2212}', "-");
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    format!("{whole}{fraction:0<12}").parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

#[test]
fn a_trial_balance_adds_up_as_it_is_printed() {
    let stage = Stage::new(Size::SMALL, end());
    let clouds = stage.clouds.clone();
    let pages = stage.pages();
    for cloud in &clouds {
        let page = pages.good(&format!("/clouds/{}/money", cloud.id));
        let trial =
            page.split_once("<section id=\"trial\">").expect("a trial balance").1.split("</section>").next().unwrap();
        assert!(trial.contains("Debits equal credits to the last digit."));
        let tables = trial.matches("<table").count();
        assert!(tables > 0);
        for place in 1..=tables {
            let table = trial.split("<table").nth(place).unwrap();
            let rows: Vec<Vec<String>> = rows(&format!("<table{table}"), "<table");
            let amount = |row: &Vec<String>, column: usize| {
                row.get(column).filter(|text| !text.is_empty()).map_or(0, |text| exact(text))
            };
            let named = |name: &str| rows.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("no {name}"));
            let sums = ["Own books", "Customers", "Together"];
            let lines =
                || rows.iter().filter(|row| row.len() == 4 && !sums.contains(&row[0].as_str()) && row[0] != "Account");
            for column in [2, 3] {
                let added: i128 = lines().map(|row| amount(row, column)).sum();
                assert_eq!(added, amount(named("Together"), column), "{} table {place}, column {column}", cloud.id);
                let parts = amount(named("Own books"), column) + amount(named("Customers"), column);
                assert_eq!(parts, added);
                assert!(added > 0);
            }
            assert_eq!(amount(named("Together"), 2), amount(named("Together"), 3));
        }
    }
}

#[test]
fn a_history_is_walked_to_its_beginning_page_by_page() {
    let stage = Stage::new(Size { days: 40, customers: (11, 11) }, end());
    let cloud = stage.clouds[0].clone();
    let longest = stage.customers(&cloud.id).into_iter().flat_map(|(owner, accounts)| {
        accounts.into_iter().filter(|row| row.code == "cash").map(move |row| (owner.clone(), row))
    });
    let count = |id: AccountId| stage.read(|tx| Ok(tx.account_history(id, None, 100_000)?.len()));
    let (owner, cash) = longest.max_by_key(|(_, row)| count(row.account.id)).unwrap();
    let expected = stage.read(|tx| tx.account_history(cash.account.id, None, 100_000));
    let pages = stage.pages();
    let mut address = format!(
        "/clouds/{}/accounts/{}/ledger?account=cash",
        cloud.id,
        owner.name.replace(' ', "%20").replace('&', "%26")
    );
    let mut walked: Vec<String> = Vec::new();
    loop {
        let page = pages.good(&address);
        let history = page.split_once("<section id=\"history\">").unwrap().1;
        let ids = history.split("/transfers/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        walked.extend(ids);
        match links(history).into_iter().find(|link| link.contains("before=")) {
            Some(older) => address = older,
            None => break,
        }
    }
    assert!(expected.len() > 100, "{} lines are no test of paging", expected.len());
    assert_eq!(walked, expected.iter().map(|line| line.entry.id.to_string()).collect::<Vec<_>>());
}

/// What people wrote is text on every page, whatever is in it: names of contacts and companies, references, reasons.
#[test]
fn what_was_written_is_shown_as_text_whatever_is_in_it() {
    let stage = Stage::new(HARDLY_ANY, end());
    let cloud = stage.clouds[0].id.clone();
    let nasty = "<script>alert('1')</script> & \"co\"";
    let engine = stage.engine.clone();
    let account = NewAccount { name: "nasty".into(), ..NewAccount::default() };
    engine.open_account(&cloud, &account).unwrap();
    let contact = Contact { name: nasty.into(), email: "a@b.example".into(), language: "en".into() };
    engine.set_contact(&cloud, "nasty", Some(&contact)).unwrap();
    engine.keep(&cloud, "account", "nasty", nasty).unwrap();
    let pages = stage.pages();
    for rest in ["/accounts/nasty", "/accounts/nasty/actions", "/accounts?q=alert", "/audit"] {
        let page = pages.good(&format!("/clouds/{cloud}{rest}"));
        assert!(!page.contains("<script"), "{rest}");
    }
    let shown = pages.good(&format!("/clouds/{cloud}/accounts/nasty"));
    assert!(shown.contains("&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62; &#38; &#34;co&#34;"), "{shown}");
    let found = pages.good(&format!("/clouds/{cloud}/accounts?q=alert"));
    assert!(found.contains("1 account found.") && found.contains("/accounts/nasty"), "{found}");
}

#[test]
fn what_is_not_there_is_not_found_and_nothing_of_others_is_shown() {
    let stage = Stage::new(Size::SMALL, end());
    let (here, there) = (stage.clouds[0].id.clone(), stage.clouds[1].id.clone());
    let currency = stage.clouds[0].currency;
    let account = NewAccount { name: "only-here".into(), ..NewAccount::default() };
    stage.engine.open_account(&here, &account).unwrap();
    let money = Money::parse_amount("777.00", currency).unwrap();
    let own = stage.engine.top_up(&here, "only-here", money, Some("wire")).unwrap().transfer;
    let own = TransferId::from_i64(own).unwrap();
    let other = stage.customers(&here).into_iter().find(|(owner, _)| owner.name != "only-here").unwrap();
    let other_cash = other.1.iter().find(|row| row.account.newest.is_some()).unwrap().account.newest.unwrap();
    let pages = stage.pages();
    assert!(pages.good(&format!("/clouds/{here}/accounts/only-here")).contains("777.00"));
    assert!(pages.good(&format!("/clouds/{here}/transfers/{own}")).contains("777.00"));
    let ledger = format!("/clouds/{here}/accounts/only-here/ledger");
    assert!(pages.good(&format!("{ledger}?before={own}")).contains("Nothing has moved"));
    let missing = [
        "/nowhere".to_owned(),
        "/clouds".to_owned(),
        "/clouds/".to_owned(),
        "/clouds/no-such-cloud".to_owned(),
        "/clouds/no-such-cloud/money".to_owned(),
        format!("/clouds/{there}/accounts/only-here"), // it is the other cloud's
        format!("/clouds/{there}/transfers/{own}"),
        format!("/clouds/{here}/accounts/books"), // not a customer
        format!("/{here}/prices/no-such-product"),
        format!("/{here}/prices/no-such-product?for=1h"),
        format!("/{here}/prices/%FF"),
        "/no-such-cloud/prices".to_owned(),
        "/no-such-cloud/prices/gpu-pod".to_owned(),
        format!("/clouds/{here}/accounts/nobody"),
        format!("/clouds/{here}/accounts/%FF"),
        format!("{ledger}?account=bank"),
        format!("{ledger}?account=credit%2Fwelcome"),
        format!("{ledger}?before={other_cash}"), // a place in another's history
        format!("{ledger}?before=yesterday"),
        format!("/clouds/{here}/accounts/nobody/costs"),
        "/clouds/no-such-cloud/accounts/nobody/costs".to_owned(),
        format!("/clouds/{there}/accounts/{}/charges/1", other.0.name), // the other cloud's
        format!("/clouds/{here}/accounts/{}/charges/999999", other.0.name),
        format!("/clouds/{here}/accounts/{}/charges/0", other.0.name),
        format!("/clouds/{here}/accounts/{}/charges/first", other.0.name),
        format!("/clouds/{here}/accounts/only-here/bills/bill_01m0abw8g0ksx01tfeknmcatch"),
        format!("/clouds/{here}/queues/refunds/rf_01m0abw8g0ksx01tfeknmcatch"),
        format!("/clouds/{here}/queues/bank/br_01m0abw8g0ksx01tfeknmcatch"),
        format!("/clouds/{here}/queues/given-up/1"),
        format!("/clouds/{here}/deliveries/dlv_01m0abw8g0tfjbn245fasf0w43"),
        format!("/clouds/{here}/policy/versions/99"),
        format!("/clouds/{here}/audit/99999"),
        format!("/clouds/{here}/transfers/trf_0000000000001"),
        format!("/clouds/{here}/transfers/everything"),
        format!("/clouds/{here}/transfers/{}", TransferId::MAX),
    ];
    for address in missing {
        let answer = pages.get(&address);
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
        assert_headers(&address, &answer.headers);
        assert!(!answer.text.contains("777") && answer.text.contains("<h1>"), "{address}");
    }
}

/// A page's words as they are read, without its tags.
fn words(page: &str) -> String {
    let text: String = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
        .into_iter()
        .fold(text, |text, (code, sign)| text.replace(code, sign))
}

#[test]
fn a_price_list_shows_the_catalogues_prices() {
    let pages = Stage::new(HARDLY_ANY, end()).pages();
    let check = |cloud: &str, row: &[&str]| {
        let address = format!("/{cloud}/prices");
        let answer = pages.get(&address);
        assert_eq!(answer.status, StatusCode::OK);
        assert_headers(&address, &answer.headers);
        let page = answer.text;
        let tables = page.split("<table class=\"cards\">").skip(1);
        let known: Vec<_> = tables.flat_map(|table| rows(&format!("<table>{table}"), "<table>")).collect();
        assert!(known.iter().any(|known| known == row), "{row:?} is not among {known:#?}");
        let list = words(&page);
        assert!(!list.contains("1 of the price") && !list.contains("A period is 1"), "{list}");
    };
    // 2.99 x 730 hours = 2,182.70, and a fifth less is 1,746.16.
    check("aicloud", &["h100-80g", "h100, 80g", "2.99 / hour less 20%", "$1,746.16"]);
    check("aicloud", &["l40s-48g", "l40s, 48g", "0.99 / hour", "$722.70"]);
    check("aicloud", &["8x-h100", "3,360.00 / week"]);
    check("aicloud", &["output tokens", "first 100,000,000: 2.19 / 1,000,000 tokens, then 1.95 / 1,000,000 tokens"]);
    check("bohrium", &["Personal space", "60.00 / month"]);
    check("drun", &["rtx-4090-year", "rtx-4090", "11,800.00 / year"]);
    check("drun", &["File storage", "0.0005 / GB-hour", "CN¥0.37 / GB"]);
    check("drun", &["Image generation", "kolors: 0.10 / image otherwise: 0.20 / image"]);
    check("elestio", &["hetzner-fsn1-small-2c-4g", "hetzner, fsn1, small-2c-4g", "0.0206 / hour", "$15.04"]);
    check("olares", &["1,000 gpu-units", "800.00"]);
    check("olares", &["a100-80g", "3.5 gpu-units / hour"]);
    let node = words(&pages.good("/bohrium/prices/management-node"));
    assert!(node.contains("While stopped it costs 10% of the price."), "{node}");
}

#[test]
fn a_calculator_answers_with_the_money_and_its_arithmetic() {
    let pages = Stage::new(HARDLY_ANY, end()).pages();
    let check = |asked: &str, told: &[&str]| {
        let address = format!("/{asked}");
        let answer = pages.get(&address);
        assert_eq!(answer.status, StatusCode::OK, "{address}");
        assert_headers(&address, &answer.headers);
        let page = words(&answer.text);
        for told in told {
            assert!(page.contains(told), "{address} does not say {told:?}: {page}");
        }
        assert!(!answer.text.contains("class=\"error\""), "{address}: {page}");
    };
    // 10 x 2.99 = 29.90, less 20%, which is 5.98.
    check("aicloud/prices/gpu-pod?sku=h100-80g&for=10h&count=", &["That costs $23.92.", "10 × 2.99 = 29.90 USD"]);
    check("aicloud/prices/gpu-pod?sku=h100-80g&for=10h&count=3", &["That costs $71.76."]);
    // 100 x 2.19 + 50 x 1.95 = 219.00 + 97.50
    check("aicloud/prices/llm-reasoning?use.input_tokens=&use.output_tokens=150M", &["That costs $316.50."]);
    // One by its model, in one form: 1 x 4.00 + 2 x 16.00
    let text = "drun/prices/text-model?with.model=deepseek-r1&use.input_tokens=1M&use.output_tokens=2M";
    check(text, &["That costs CN¥36.00.", "Which model"]);
    check("drun/prices/image-model?with.model=&use.images=7", &["That costs CN¥1.40.", "any other"]);
    check("drun/prices/image-model?with.model=kolors&use.images=7", &["That costs CN¥0.70."]);
    // 1 TB is free: (1,500 - 1,024) x 0.09
    check("olares/prices/host-traffic?use.egress=1500", &["That costs $42.84.", "free 1,024 GB", "egress, in GB"]);
    // (169 + 2 x 128) x 3
    check("olares/prices/hosted?sku=aws-us-east-1-8c-32g&for=3mo&use.worker=2", &["That costs $1,275.00."]);
    check("olares/prices/gpu-units?size=500", &["That costs $425.00."]);
    check("olares/prices/gpu?sku=a100-80g&for=10h", &["That costs 35 gpu-units."]);
    // Nothing asked, nothing answered.
    check("aicloud/prices/gpu-pod", &["What GPU Pod costs."]);
}

#[test]
fn a_calculator_says_which_field_is_wrong_and_what_to_write() {
    let pages = Stage::new(HARDLY_ANY, end()).pages();
    let check = |asked: &str, told: &str| {
        let address = format!("/{asked}");
        let answer = pages.get(&address);
        assert_eq!(answer.status, StatusCode::OK, "{address}");
        assert_headers(&address, &answer.headers);
        // What is said stands in the paragraph of the field it is about, under its label.
        let place = answer.text.find("class=\"error\"").unwrap_or_else(|| panic!("{address} is not refused"));
        let start = answer.text[..place].rfind("<p").expect("a paragraph");
        let alert = words(answer.text[start..].split("</p>").next().unwrap());
        let (label, what) = told.split_once(": ").unwrap_or(("", told));
        assert!(alert.starts_with(label) && alert.contains(what), "{address} says {alert}, not {told}");
        assert!(!alert.contains("--") && !answer.text.contains("That costs"), "{address}: {alert}");
        let wrong = answer.text.matches("aria-invalid=\"true\"").count();
        assert_eq!(wrong, usize::from(!label.is_empty()), "{address}: {alert}");
        assert!(!answer.text.contains("<script"), "{address}");
    };
    let pod = "aicloud/prices/gpu-pod?sku=h100-80g";
    check(&format!("{pod}&for=tomorrow"), "How long: \"tomorrow\" is not a span of time");
    check(&format!("{pod}&for=%3Cscript%3E"), "How long: \"<script>\" is not a span of time");
    check(&format!("{pod}&for="), "How long: say how long, such as 30d");
    check(&format!("{pod}&for=1h&count=0"), "How many: \"0\" is no number of things; write it like 3");
    check(&format!("{pod}&for=1h&count=-1"), "How many: \"-1\" is no number of things");
    check("aicloud/prices/gpu-pod?sku=nope&for=1h", "product \"gpu-pod\" has no SKU \"nope\"");
    check("aicloud/prices/object-storage?size=much&for=1h", "How large: \"much\"");
    check("aicloud/prices/llm-reasoning?use.calls=-4", "calls: \"-4\" is not a quantity");
    check("aicloud/prices/llm-reasoning?use.calls=", "say how much of at least one, such as 100k");
    check("olares/prices/gpu-units?size=7", "How many units in the pack: there are packs of 100, 500, 1,000");
}

#[test]
fn pages_are_read_only_and_answer_to_this_machine() {
    let pages = Stage::new(HARDLY_ANY, end()).pages();
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = pages.ask(method.clone(), "/", "localhost");
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert!(answer.text.contains("nothing was changed"), "{}", answer.text);
        assert_headers("/", &answer.headers);
    }
    assert_eq!(pages.ask(Method::HEAD, "/", "localhost").status, StatusCode::OK);
    for host in ["127.0.0.1", "127.0.0.1:9999", "localhost:8080", "[::1]:8080"] {
        assert_eq!(pages.ask(Method::GET, "/", host).status, StatusCode::OK, "{host}");
    }
    for host in ["example.com", "127.0.0.1.example.com", "localhost.example.com:8080", "192.168.0.7:8080"] {
        let answer = pages.ask(Method::GET, "/", host);
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{host}");
        assert_headers(host, &answer.headers);
        assert!(!answer.text.contains("/clouds/"));
    }
}

#[test]
fn the_first_page_tells_what_the_audit_found() {
    let stage = Stage::new(Size::SMALL, end());
    let transfers = stage.verdict().report.transfers;
    let said = format!("Every unit is accounted for: {} transfers", console::grouped(transfers));
    assert!(stage.pages().good("/").contains(&said), "{said}");
}

#[test]
fn one_end_tells_one_story() {
    let heads = || {
        let stage = Stage::new(Size::SMALL, end());
        let mut heads = Vec::new();
        stage.read(|tx| {
            tx.accounts_each(|row| {
                heads.push((row.account.id, row.account.head));
                Ok(())
            })
        });
        heads
    };
    assert_eq!(heads(), heads());
}

/// Every kind of life the demo promises is in its months, and all of it was settled by the engine.
#[test]
fn months_of_life_hold_every_temper() {
    let stage = Stage::new(Size::of(92, 24), end());
    let mut kinds: BTreeSet<Kind> = BTreeSet::new();
    let (mut owing, mut holding) = (0, 0);
    let mut states: BTreeSet<String> = BTreeSet::new();
    for cloud in &stage.clouds {
        for (owner, accounts) in stage.customers(&cloud.id) {
            // A debt, or what waits for a bill.
            let owes = |row: &AccountRow| balance(row, "receivable") < 0 || balance(row, "unbilled") < 0;
            owing += usize::from(accounts.iter().any(owes));
            holding += usize::from(accounts.iter().any(|row| row.account.held > 0));
            for row in accounts {
                let lines = stage.read(|tx| tx.account_history(row.account.id, None, 100_000));
                kinds.extend(lines.iter().map(|line| line.entry.kind));
            }
            states.extend(stage.read(|tx| tx.things_of_account(owner.id)).into_iter().map(|thing| thing.state));
        }
    }
    let wanted = [
        Kind::TopUp,
        Kind::ArrearsPaid,
        Kind::CreditGranted,
        Kind::CreditLapsed,
        Kind::UsageByCash,
        Kind::UsageByCredit,
        Kind::UsageOnDebt,
        Kind::UsageUnbilled,
        Kind::UsageCorrected,
        Kind::UsageCaptured,
    ];
    let missing: Vec<Kind> = wanted.into_iter().filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "{missing:?} is not in {kinds:?}");
    for state in ["running", "suspended", "missing", "deleted"] {
        assert!(states.contains(state), "{state} is not in {states:?}");
    }
    assert!(owing >= stage.clouds.len() && holding >= stage.clouds.len(), "{owing} owe, {holding} hold");
    assert!(stage.verdict().is_clean());
    let locales: BTreeSet<&str> = stage.clouds.iter().map(|cloud| Locale::language(cloud.locale())).collect();
    assert_eq!(locales.into_iter().collect::<Vec<_>>(), ["en", "zh"]);
    assert!(stage.clouds.iter().all(|cloud| Zone::parse(cloud.time_zone.name()).is_ok()));
}

/// The first line of a page.
fn headline(page: &str) -> String {
    words(page.split_once("<h1>").unwrap().1.split("</h1>").next().unwrap())
}

#[test]
fn an_accounts_page_says_what_the_engine_says() {
    let stage = Stage::new(Size::SMALL, end());
    let clouds = stage.clouds.clone();
    let views: Vec<_> = clouds.iter().map(|cloud| stage.engine.account_standings(&cloud.id, end()).unwrap()).collect();
    let resources: Vec<usize> = clouds
        .iter()
        .map(|cloud| {
            let owners = stage.customers(&cloud.id);
            let things = owners.iter().flat_map(|(owner, _)| stage.read(|tx| tx.things_of_account(owner.id)));
            let resources = things.filter(|thing| thing.kind == ThingKind::Resource);
            resources.filter(|thing| thing.state != "deleted").count()
        })
        .collect();
    let pages = stage.pages();
    let (mut lasting, mut out) = (0, 0);
    for ((cloud, standings), resources) in clouds.iter().zip(&views).zip(resources) {
        let mut listed = 0;
        for standing in standings {
            let view = standing.view.as_ref().unwrap();
            let page = pages.good(&format!("/clouds/{}/accounts/{}", cloud.id, standing.name));
            let said = headline(&page);
            let text = |units| Money::from_units(units, cloud.currency).format(Locale::En);
            let can = format!("{} can spend {}", standing.name, text(view.available));
            assert!(said.starts_with(&can), "{said} is not {can}");
            out += usize::from(view.ran_out_at.is_some());
            let lasts = view.ran_out_at.is_none() && view.runs_out_at.is_some_and(|at| at > end());
            lasting += usize::from(lasts);
            assert_eq!(said.contains("At today’s rate it lasts "), lasts, "{said}");
            assert_eq!(said.contains(" and owes "), view.due > 0, "{said}");
            let figures = page.split_once("<dl class=\"figures\">").unwrap().1.split("</dl>").next().unwrap();
            let figures: Vec<String> =
                figures.split("<dd>").skip(1).map(|rest| words(rest.split("</dd>").next().unwrap())).collect();
            let expected = [view.figures.balance, view.figures.accrued_prepaid, view.held, view.available, view.due];
            assert_eq!(figures[..5], expected.map(text), "{} {}", cloud.id, standing.name);
            let page = pages.good(&format!("/clouds/{}/accounts/{}/resources", cloud.id, standing.name));
            listed += rows(&page, "<caption>Resources").iter().filter(|row| row.len() == 7).count().saturating_sub(1);
            // The line of sums is one of them, where there is anything.
            listed -= usize::from(page.contains("<tfoot>"));
        }
        assert_eq!(listed, resources, "{}", cloud.id);
    }
    assert!(lasting > 5 && out > 0, "{lasting} last, {out} are out");
}

#[test]
fn charges_add_up_and_each_says_why() {
    let stage = Stage::new(Size::SMALL, end());
    let clouds = stage.clouds.clone();
    let mut known = Vec::new();
    for cloud in &clouds {
        for name in stage.engine.account_names(&cloud.id).unwrap() {
            let charges = stage.engine.charges(&cloud.id, &name, &ChargeQuestion::default()).unwrap();
            known.push((cloud.clone(), name.clone(), charges));
        }
    }
    let pages = stage.pages();
    let (mut arithmetic, mut told) = (0, 0);
    for (cloud, name, charges) in known {
        let account = format!("/clouds/{}/accounts/{name}", cloud.id);
        for row in charges.iter().step_by(7) {
            let why = pages.good(&format!("{account}/charges/{}", row.chained));
            let amount = Money::from_units(row.net, cloud.currency).format_exact(Locale::En);
            assert!(words(&why).contains(&amount), "{account}/charges/{} does not say {amount}", row.chained);
            arithmetic += usize::from(why.contains("The arithmetic"));
        }
        // The timeline has each day with what it came to.
        let mut address = format!("{account}?kind=charges");
        let (mut sum, mut lines) = (0, 0);
        loop {
            let page = pages.good(&address);
            for row in
                rows(&page, "<section id=\"timeline\">").iter().filter(|row| row.len() == 4 && row[1] == "Charged")
            {
                sum += exact(&row[3]);
                lines += 1;
            }
            match links(&page).into_iter().find(|link| link.starts_with(&account) && link.contains("before=")) {
                Some(older) => address = older,
                None => break,
            }
        }
        let days: BTreeSet<(Instant, Instant)> = charges.iter().map(|row| (row.from, row.to)).collect();
        assert_eq!(lines, days.len(), "{account}");
        // Each line is rounded by itself.
        let whole: i128 = charges.iter().map(|row| i128::from(row.net)).sum();
        let units = i128::from(cloud.currency.units_per_major());
        let off = (sum * units - whole * 1_000_000_000_000).abs();
        assert!(
            off <= 1_000_000_000_000 * units / 100 * i128::try_from(days.len()).unwrap(),
            "{account}: {sum} is not {whole}"
        );
        told += lines;
    }
    assert!(arithmetic > 10 && told > 50, "{arithmetic} {told}");
}

/// Who owes most stands first among those at risk, and everybody in arrears is among them.
#[test]
fn whoever_is_in_arrears_is_at_risk() {
    let stage = Stage::new(Size { days: 30, customers: (13, 13) }, end());
    let clouds = stage.clouds.clone();
    let risks: Vec<_> = clouds.iter().map(|cloud| stage.engine.at_risk(&cloud.id).unwrap()).collect();
    assert!(risks.iter().any(|of_one| of_one.len() >= 2), "nobody stands before anybody: {risks:?}");
    let pages = stage.pages();
    for (cloud, risks) in clouds.iter().zip(risks) {
        let page = pages.good(&format!("/clouds/{}/accounts?standing=arrears", cloud.id));
        let listed: Vec<Vec<String>> = rows(&page, "<tbody>").into_iter().filter(|row| row.len() == 6).collect();
        let told: Vec<(String, String)> = listed.iter().map(|row| (row[0].clone(), row[5].clone())).collect();
        let expected: Vec<(String, String)> =
            risks.iter().map(|risk| (risk.ladder.account.clone(), bare(i128::from(risk.owed)))).collect();
        assert_eq!(told[..expected.len()], expected, "{}", cloud.id);
        let sum: i128 = risks.iter().map(|risk| i128::from(risk.owed)).sum();
        let said = headline(&pages.good(&format!("/clouds/{}", cloud.id)));
        if risks.is_empty() {
            assert!(said.contains("Nobody is in arrears."), "{said}");
        } else {
            let text = Money::from_units(i64::try_from(sum).unwrap(), cloud.currency).format(Locale::En);
            assert!(said.contains(&format!("with {text} owed")), "{said}");
        }
    }
}

/// The demo's clock stands: however late and often a page is looked at, it is of the same instant.
#[test]
fn nothing_drifts_while_it_is_looked_at() {
    let stage = Stage::new(Size::SMALL, end());
    assert_eq!(stage.engine.now().unwrap(), end());
    let clouds = stage.clouds.clone();
    let before = stage.verdict().report.transfers;
    let pages = stage.pages();
    // What a form carries is another each time it is shown.
    let stands = |page: String| {
        page.split("name=\"once\" value=\"").map(|part| part.get(32..).unwrap_or(part).to_owned()).collect::<String>()
    };
    let all = || {
        clouds
            .iter()
            .flat_map(|cloud| {
                ["", "/accounts", "/money", "/health"]
                    .map(|rest| stands(pages.good(&format!("/clouds/{}{rest}", cloud.id))))
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(all(), all());
    assert!(pages.good("/").contains(&format!("{} transfers", console::grouped(before))));
}

/// A story that ends before anybody's hour to join has nobody to ask.
#[test]
fn a_demo_may_end_before_anybody_has_come() {
    let stage = Stage::new(HARDLY_ANY, Instant::parse("2026-11-20T00:00:01Z").unwrap());
    assert!(stage.clouds.iter().all(|cloud| stage.customers(&cloud.id).is_empty()));
    assert!(stage.verdict().report.findings.is_empty());
}

/// A year of all five clouds: each month's documents are what it cost, to the unit, what waits for a bill is what the books have, and every
/// transfer is of its charge: that is what the proof reads.
#[test]
fn a_year_of_five_clouds_adds_up() {
    let stage = Stage::new(Size { days: 396, customers: (3, 3) }, end());
    let verdict = stage.verdict();
    assert!(verdict.is_clean(), "{}", verdict.sentence());
    for cloud in &stage.clouds {
        let id = &cloud.id;
        let filter = BillFilter::default();
        let bills = stage.read(|tx| tx.bills(id, &filter, None, 10_000));
        let months: BTreeSet<String> = bills.iter().map(|bill| bill.issued.to_string()[..7].to_owned()).collect();
        // The first customers come in the course of the first two months.
        assert!(months.len() >= 11, "{id}: documents of {months:?}");
        let earned = stage.engine.revenue(id, None, None).unwrap().months;
        assert!(earned.iter().filter(|month| month.revenue() > 0).count() >= 12, "{id}: {earned:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    /// However long it is and whenever it ends, the engine settles all of it and its audit finds nothing, worked out anew.
    #[test]
    fn any_demo_adds_up(days in 0..30_i64, customers in 1..=20_usize, end in 1_790_000_000_i64..1_990_000_000) {
        let end = Instant::from_micros(end * 1_000_000 + 123_456);
        let stage = Stage::new(Size { days, customers: (customers, customers) }, end);
        let report = stage.verdict().report;
        prop_assert!(report.findings.is_empty(), "{:?}", report.findings);
    }
}

/// One seed, one story: every transfer of it, in one hash.
fn digest(engine: &Engine) -> String {
    let mut journal = Vec::new();
    engine.export_ledger(farthing_core::journal::Format::Hledger, &mut journal).unwrap();
    blake3::hash(&journal).to_hex().to_string()
}

#[test]
fn a_demo_is_the_same_again_and_adds_up_while_it_goes_on() {
    let size = Size { days: 21, customers: (15, 15) };
    let made = || {
        let folder = ScratchDir::new("demo");
        let options = Options { sqlite_sync_commits: false, sqlite_log_mib: 1, ..Options::default() };
        let store = Store::open(&Location::Sqlite(folder.join("demo.db")), &options).unwrap();
        (load(store, &clouds::embedded().unwrap(), size, end()).unwrap(), folder)
    };
    let (one, _kept) = made();
    let (other, _kept_too) = made();
    assert_eq!(digest(&one.engine), digest(&other.engine));
    let mut life = other.life;
    for hours in [1, 2, 5, 14] {
        life.live_until(end().checked_add_micros(hours * 3_600_000_000).unwrap()).unwrap();
        let verdict = Verdict::of(life.engine()).unwrap();
        assert!(verdict.is_clean(), "after {hours} h: {}", verdict.sentence());
    }
    assert_ne!(digest(&one.engine), digest(life.engine()), "it goes on");
}

#[test]
fn what_a_customer_reads_is_one_number_on_every_page() {
    let stage = Stage::new(Size { days: 21, customers: (15, 15) }, end());
    let (clouds, engine) = (stage.clouds.clone(), stage.engine.clone());
    let pages = stage.pages();
    let mut spent = 0;
    for cloud in &clouds {
        for account in engine.account_names(&cloud.id).unwrap() {
            let at = |page: &str| format!("/c/{}/{account}{page}", cloud.id);
            let (now, facts) = (engine.now().unwrap(), engine.account_facts(&cloud.id, &account).unwrap());
            let zone = Zone::parse(&facts.zone).unwrap();
            let month = zone.civil_date_of(now).unwrap().first_of_month();
            let next = month.add_months(1).unwrap();
            let asked = ChargeQuestion {
                product: None,
                from: Some(zone.start_of_day(month).unwrap()),
                to: Some(zone.start_of_day(next).unwrap()),
            };
            let sum = engine.charges_sum(&cloud.id, &account, &asked, now).unwrap();
            spent += i64::from(sum.units() > 0);
            let text = sum.format(Locale::En);
            for by in ["product", "project", "resource", "user", "label:team"] {
                let page = pages.good(&at(&format!("/costs?by={by}")));
                assert!(page.contains(&text), "{account}: {text} is not on its costs by {by}");
            }
            let view = engine.account_view(&cloud.id, &account, now).unwrap();
            let available = Money::from_units(view.available, view.currency).format(Locale::En);
            for page in ["", "/balance"] {
                assert!(pages.good(&at(page)).contains(&available), "{account}: {available} is not on {page:?}");
            }
        }
    }
    assert!(spent > 30, "{spent} customers with costs are too few to tell");
}
