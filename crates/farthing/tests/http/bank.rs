//! The cloud's bank by files, over HTTP, as an operator and a bank would have it: real camt.053 in, real pain.008 and pain.001 out.

use crate::bed::{Bed, CATALOG, Server, fresh};
use crate::client::{Answer, Request};
use farthing_core::bank::{Nature, Row, Statement};
use farthing_core::money::{Currency, Money};
use farthing_core::time::CivilDate;
use serde_json::{Value, json};

const OURS: &str = "DE89370400440532013000";
const THEIRS: &str = "DE02120300000000202051";

/// A movement of no peculiarity: it came in, below zero it went out.
pub(crate) fn movement(amount: &str, currency: Currency) -> Row {
    Row {
        bank_reference: fresh("B"),
        ..Row::bare(
            CivilDate::parse("2026-11-20").expect("a day"),
            Money::parse_amount(amount, currency).expect("an amount"),
            Nature::Transfer,
        )
    }
}

/// A statement of the clouds' account, as their bank writes it.
pub(crate) fn camt053(rows: Vec<Row>, currency: Currency) -> String {
    let (id, account) = (fresh("S"), OURS.to_owned());
    farthing_bank::camt053(&[Statement { id, account, currency, opening: None, closing: None, rows }])
}

fn eur(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

/// A cloud in Euros that takes transfers and debits, and knows its bank's CSV.
fn cloud(bed: &Bed) {
    let policy = format!(
        "[cloud]\nid = \"ours\"\nname = \"Ours\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Berlin\"\n\n\
        [brand]\nlegal_name = \"Ours GmbH\"\n\n[settle]\nevery = \"1h\"\n\n[refund]\nunconsumed_cash = true\n\n\
        [top_up]\nchannels = [\"card\", \"sepa_debit\", \"bank_transfer\"]\nbank_transfer_above = \"500.00\"\n\n\
        [sepa]\npre_notification = \"2d\"\n\n\
        [space]\ngrace = \"30d\"\n\n[bank]\naccount = \"{OURS}\"\nbic = \"COBADEFFXXX\"\ncreditor_id = \"DE98ZZZ09999999999\"\n\n\
        [bank.csv]\ndate = \"Buchungstag\"\namount = \"Betrag\"\nname = \"Beguenstigter\"\ntext = [\"Verwendungszweck\"]\n"
    );
    bed.apply("ours", &policy, CATALOG);
}

struct Desk<'d> {
    server: &'d Server,
    key: &'d str,
}

impl Desk<'_> {
    fn send(&self, path: &str, file: &str) -> Answer {
        self.server.send(&Request::new("POST", path).key(self.key).body("application/octet-stream", file.as_bytes()))
    }

    /// Takes a statement of these movements.
    fn told(&self, rows: Vec<Row>) -> Value {
        self.send("/v1/bank/statements?name=day.xml", &camt053(rows, Currency::EUR)).expect(200)
    }

    fn get(&self, path: &str) -> Value {
        self.server.get(self.key, path)
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.server.post(self.key, path, body)
    }

    fn refused(&self, path: &str, body: &Value) -> Answer {
        self.server.send(&Request::post(path, body).key(self.key).once(&fresh("once")))
    }

    fn available(&self, account: &str) -> String {
        self.get(&format!("/v1/accounts/{account}/balance"))["available"].as_str().expect("an amount").to_owned()
    }

    fn waiting(&self) -> Vec<Value> {
        self.get("/v1/bank/movements?state=waiting")["data"].as_array().expect("a list").clone()
    }

    fn reference(&self, account: &str) -> String {
        let details = self.get(&format!("/v1/accounts/{account}/transfer-details"));
        details["reference"].as_str().expect("a reference").to_owned()
    }

    /// Makes the one file that waits, and gets it: its text.
    fn file(&self, kind: &str, total: &str) -> String {
        let made = self.post("/v1/bank/files", &json!({}));
        let files = made["data"].as_array().expect("a list");
        assert_eq!((files.len(), files[0]["kind"].as_str()), (1, Some(kind)), "{made}");
        assert_eq!(files[0]["total"], eur(total), "{made}");
        let id = files[0]["id"].as_str().expect("an id");
        let got = self.server.send(&Request::get(&format!("/v1/bank/files/{id}/xml")).key(self.key));
        assert_eq!((got.status, got.header("content-type")), (200, Some("application/xml; charset=utf-8")));
        let named = format!("attachment; filename=\"{}\"", files[0]["name"].as_str().expect("a name"));
        assert_eq!(got.header("content-disposition"), Some(named.as_str()));
        assert_eq!(self.post("/v1/bank/files", &json!({}))["data"], json!([]), "asked for once");
        got.body
    }
}

/// What stands between a tag and its end, the first time.
fn tag<'t>(xml: &'t str, name: &str) -> &'t str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    rest.split_once("</").expect("it ends").0
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

both! {
    fn a_transfer_is_credited_once(bed: &Bed) {
        cloud(bed);
        let (server, key) = (bed.serve(), bed.key("ours", true, "admin"));
        let desk = Desk { server: &server, key: &key };
        desk.post("/v1/accounts", &json!({ "name": "acme" }));

        // Too much for a card: the answer says where to transfer it to.
        let much = json!({ "amount": eur("600.00"), "by": { "token": "card:visa" } });
        let refused = desk.refused("/v1/accounts/acme/payments", &much);
        assert_eq!(refused.problem(422), "above_maximum");
        let details = desk.get(text(&refused.json()["see"]));
        assert_eq!((text(&details["holder"]), text(&details["iban"])), ("Ours GmbH", "DE89 3704 0044 0532 0130 00"));
        assert_eq!(details["required_above"], eur("500.00"));
        let with = desk.get("/v1/accounts/acme/transfer-details?amount=600.00");
        let scan = text(&with["scan"]);
        assert!(scan.starts_with("BCD\n") && scan.contains("EUR600") && scan.contains(text(&details["reference"])), "{scan}");
        assert_eq!(desk.reference("acme"), text(&details["reference"]), "for good");

        let row = Row { name: "Acme".to_owned(), text: format!("top up {}", text(&details["reference"]).to_lowercase()), ..movement("600.00", Currency::EUR) };
        let file = camt053(vec![row.clone()], Currency::EUR);
        let first = desk.send("/v1/bank/statements?name=20.xml", &file).expect(200);
        assert_eq!((&first["kind"], &first["name"], &first["again"]), (&json!("statement"), &json!("20.xml"), &json!(false)));
        assert_eq!((&first["entries"], &first["fresh"], &first["total"]), (&json!(1), &json!(1), &eur("600.00")));
        assert_eq!(desk.available("acme"), "600.00");
        let own = desk.get("/v1/bank/movements?account=acme");
        assert_eq!((own["data"][0]["state"].as_str(), own["data"][0]["account"].as_str()), (Some("matched"), Some("acme")), "{own}");

        // The same bytes; the same movement in a file that overlaps; and as it was said to be.
        let again = desk.send("/v1/bank/statements?format=camt053", &file).expect(200);
        assert_eq!((&again["id"], &again["again"]), (&first["id"], &json!(true)));
        assert_eq!(desk.told(vec![row.clone()])["fresh"], 0);
        assert_eq!(desk.available("acme"), "600.00");

        // By CSV too, guessed because the policy has columns.
        let csv = format!("Buchungstag;Beguenstigter;Verwendungszweck;Betrag\n20.11.2026;Acme;{};25,00\n", text(&details["reference"]));
        assert_eq!(desk.send("/v1/bank/statements", &csv).expect(200)["fresh"], 1);
        assert_eq!(desk.available("acme"), "625.00");

        // Another key may not decide, another cloud sees nothing of it.
        let listed = desk.get("/v1/bank/files");
        assert_eq!(listed["data"].as_array().map(Vec::len), Some(3), "{listed}");
        drop(server);
        bed.verify();
    }
}

both! {
    fn of_a_bad_file_nothing_is_taken(bed: &Bed) {
        cloud(bed);
        let (server, key) = (bed.serve(), bed.key("ours", true, "admin"));
        let desk = Desk { server: &server, key: &key };
        desk.post("/v1/accounts", &json!({ "name": "acme" }));
        let code = desk.reference("acme");
        let bad = |path: &str, file: &str| {
            let answer = desk.send(path, file);
            assert_eq!(answer.problem(422), "bad_file", "{file}");
            let told = answer.json();
            let place = (told["line"].as_u64().expect("a line"), told["column"].as_u64().expect("a column"));
            let detail = text(&told["detail"]).to_owned();
            assert!(detail.starts_with(&format!("line {}, column {}: ", place.0, place.1)), "{detail}");
            (place, detail)
        };
        // The first row is good, the second is not.
        let csv = format!("Buchungstag;Beguenstigter;Verwendungszweck;Betrag\n20.11.2026;Acme;{code};25,00\n20.11.2026;Acme;{code};2x,00\n");
        let (place, detail) = bad("/v1/bank/statements?format=csv", &csv);
        assert_eq!(place.0, 3, "{detail}");
        let whole = camt053(vec![Row { text: code.clone(), ..movement("25.00", Currency::EUR) }], Currency::EUR);
        let (half, _) = whole.split_at(whole.len() - 40);
        bad("/v1/bank/statements", half);
        bad("/v1/bank/statements", "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.008.001.08\"/>");
        bad("/v1/bank/statements?format=mt940", &whole);
        bad("/v1/bank/refusals", &whole);
        // Good in itself, and of somebody else's account: the policy says no.
        let theirs = whole.replace(OURS, THEIRS);
        assert_eq!(desk.send("/v1/bank/statements", &theirs).problem(400), "invalid");
        assert_eq!(desk.available("acme"), "0.00");
        for list in ["movements", "files"] {
            assert_eq!(desk.get(&format!("/v1/bank/{list}"))["data"], json!([]), "{list}");
        }
        assert_eq!(desk.send("/v1/bank/statements?format=pdf", &whole).problem(400), "invalid");
        drop(server);
        bed.verify();
    }
}

both! {
    fn what_nobody_knows_waits_for_a_person(bed: &Bed) {
        cloud(bed);
        let (server, key, clerk) = (bed.serve(), bed.key("ours", true, "admin"), bed.key("ours", true, "read,write"));
        let desk = Desk { server: &server, key: &key };
        desk.post("/v1/accounts", &json!({ "name": "brightsea" }));
        let company = json!({ "name": "Brightsea Studios Ltd", "address": "Hill 1", "country": "DE", "region": "", "tax_number": "" });
        let set = Request::new("PUT", "/v1/accounts/brightsea/company").json(&company).key(&key).once("company");
        assert!(server.send(&set).is_good());

        let from = |name: &str, amount: &str| Row { name: name.to_owned(), iban: THEIRS.to_owned(), ..movement(amount, Currency::EUR) };
        desk.told(vec![from("BRIGHTSEA STUDIOS LTD", "80.00"), from("A Stranger", "33.00"), from("Their Landlord", "7.00")]);
        let waiting = desk.waiting();
        assert_eq!(waiting.len(), 3);
        let of = |name: &str| waiting.iter().find(|row| row["name"] == name).cloned().expect("it waits");
        let known = of("BRIGHTSEA STUDIOS LTD");
        assert_eq!(known["suggestions"][0]["account"], "brightsea", "{known}");
        assert!(!text(&known["suggestions"][0]["why"]).is_empty() && !text(&known["why"]).is_empty(), "{known}");
        assert_eq!(of("A Stranger")["suggestions"], json!([]));
        assert_eq!(desk.available("brightsea"), "0.00");
        let suspense = |open: &str| {
            let told = desk.get("/v1/bank/reconciliation");
            let account = told["accounts"].as_array().expect("a list").iter().find(|one| one["code"] == "suspense").cloned();
            assert_eq!(account.expect("suspense")["open"], eur(open), "{told}");
        };
        suspense("-120.00");

        let path = |row: &Value| format!("/v1/bank/movements/{}/decide", text(&row["id"]));
        let theirs = json!({ "becomes": "account", "account": "brightsea", "note": "their name" });
        let forbidden = server.send(&Request::post(&path(&known), &theirs).key(&clerk).once("mine"));
        assert_eq!(forbidden.problem(403), "forbidden", "who takes statements may not decide");
        for (body, status, code) in [
            (json!({ "becomes": "account" }), 400, "invalid"),
            (json!({ "becomes": "send_back", "account": "brightsea" }), 400, "invalid"),
            (json!({ "becomes": "account", "account": "nobody" }), 404, "not_found"),
            (json!({ "becomes": "account", "account": "brightsea", "bills": ["bill_1"] }), 404, "not_found"),
        ] {
            assert_eq!(desk.refused(&path(&known), &body).problem(status), code, "{body}");
        }
        let decided = desk.post(&path(&known), &theirs);
        assert_eq!((decided["state"].as_str(), decided["account"].as_str()), (Some("matched"), Some("brightsea")), "{decided}");
        assert!(text(&decided["why"]).contains("their name") && decided["decided_by"].is_string(), "{decided}");
        assert_eq!(desk.available("brightsea"), "80.00");
        assert_eq!(desk.refused(&path(&known), &theirs).problem(409), "conflict");
        assert_eq!(desk.available("brightsea"), "80.00");
        suspense("-40.00");

        // Of no customer of ours; and back to who sent it.
        assert_eq!(desk.post(&path(&of("Their Landlord")), &json!({ "becomes": "look_again" }))["state"], "waiting");
        assert_eq!(desk.post(&path(&of("Their Landlord")), &json!({ "becomes": "set_aside" }))["state"], "set_aside");
        assert_eq!(desk.post(&path(&of("A Stranger")), &json!({ "becomes": "send_back" }))["state"], "going_back");
        assert_eq!(desk.get("/v1/bank/reconciliation")["orders_waiting"], 1);
        let xml = desk.file("transfers", "33.00");
        assert!(xml.contains("pain.001.001.") && xml.contains(THEIRS), "{xml}");
        let sent = Row { end_to_end: tag(&xml, "EndToEndId").to_owned(), ..movement("-33.00", Currency::EUR) };
        desk.told(vec![sent]);
        let gone = desk.get(&format!("/v1/bank/movements/{}", text(&of("A Stranger")["id"])));
        assert_eq!(gone["state"], "gone_back", "{gone}");
        assert_eq!(desk.waiting().len(), 0);
        suspense("0.00");
        let audit = desk.get("/v1/audit?limit=1000").to_string();
        for action in ["bank.statement_taken", "bank.movement_decided", "bank.file_made"] {
            assert!(audit.contains(action), "{action} in {audit}");
        }
        assert!(!audit.contains(THEIRS), "no account number stands in the audit log");
        drop(server);
        bed.verify();
    }
}

both! {
    fn a_mandate_is_debited_and_a_debit_comes_back(bed: &Bed) {
        cloud(bed);
        let (server, key) = (bed.serve(), bed.key("ours", true, "admin"));
        let desk = Desk { server: &server, key: &key };
        desk.post("/v1/accounts", &json!({ "name": "acme", "country": "DE" }));
        let words = "I authorise Ours GmbH to collect payments from my account by direct debit.";
        let mandate = |iban: &str| json!({ "holder": "Erika Mustermann", "iban": iban, "mandate": words, "default": true });
        let wrong = desk.refused("/v1/accounts/acme/mandates", &mandate("DE02120300000000202052"));
        assert_eq!(wrong.problem(400), "invalid");
        let method = desk.post("/v1/accounts/acme/mandates", &mandate("DE02 1203 0000 0000 2020 51"));
        assert_eq!((&method["channel"], &method["last4"], &method["mandate"]), (&json!("sepa_debit"), &json!("2051"), &json!(words)));
        assert_eq!((&method["provider"], &method["state"]), (&json!("bank"), &json!("ready")));
        assert!(!method.to_string().contains(THEIRS) && !method.to_string().contains("Erika"), "{method}");

        let debit = |amount: &str| desk.post("/v1/accounts/acme/payments", &json!({ "amount": eur(amount), "by": { "method": method["id"] } }));
        let state = |paid: &Value| text(&desk.get(&format!("/v1/payments/{}", text(&paid["id"])))["state"]).to_owned();
        let paid = debit("59.50");
        assert_eq!((state(&paid).as_str(), desk.available("acme").as_str()), ("pending", "0.00"), "{paid}");
        let xml = desk.file("debits", "59.50");
        assert!(xml.contains("pain.008.001.") && xml.contains("Erika Mustermann") && xml.contains("DE98ZZZ09999999999"), "{xml}");
        let name = tag(&xml, "EndToEndId").to_owned();
        let collected = Row { nature: Nature::Debits, end_to_end: name.clone(), ..movement("59.50", Currency::EUR) };
        desk.told(vec![collected.clone()]);
        assert_eq!((state(&paid).as_str(), desk.available("acme").as_str()), ("succeeded", "59.50"));
        assert_eq!(desk.told(vec![collected])["fresh"], 0);

        // One that the bank refuses before it is due: all of its file.
        let refused = debit("20.00");
        let xml = desk.file("debits", "20.00");
        let pain002 = format!(
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\">\n<CstmrPmtStsRpt>\n<OrgnlGrpInfAndSts>\
            <OrgnlMsgId>{}</OrgnlMsgId><GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>\
            </OrgnlGrpInfAndSts>\n</CstmrPmtStsRpt>\n</Document>",
            tag(&xml, "MsgId")
        );
        let taken = desk.send("/v1/bank/refusals", &pain002).expect(200);
        assert_eq!((&taken["kind"], &taken["fresh"], &taken["total"]), (&json!("refusals"), &json!(1), &eur("20.00")));
        assert_eq!(state(&refused), "failed");
        assert_eq!(desk.send("/v1/bank/refusals", &pain002).expect(200)["again"], true);

        // Weeks later the first comes back, with the banks' price: 59.50 - 59.50 = 0.00, and nobody debits a closed account again.
        let fee = Money::parse_amount("3.00", Currency::EUR).expect("an amount");
        let back = Row { nature: Nature::Return, end_to_end: name, reason: "AC04".to_owned(), fee: Some(fee), ..movement("-62.50", Currency::EUR) };
        desk.told(vec![back]);
        assert_eq!((state(&paid).as_str(), desk.available("acme").as_str()), ("reversed", "0.00"));
        let shown = desk.get(&format!("/v1/payments/{}", text(&paid["id"])));
        assert!(text(&shown["disputes"][0]["why"]).contains("AC04"), "{shown}");
        assert_eq!(desk.get("/v1/accounts/acme/methods")["data"], json!([]), "the method is gone");
        drop(server);
        bed.verify();
    }
}
