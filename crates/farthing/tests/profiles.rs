//! A cloud's files on the command line, as an operator works with them: check, plan, apply, versions, estimate.

use farthing_store::{Location, Options, Store, StoreError};
use farthing_testbed::ScratchDir;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const POLICY: &str = r#"[cloud]
id = "north"
name = "North"
currency = "USD"
[brand]
legal_name = "North Ltd"
"#;

const CATALOG: &str = r#"[[meter]]
id = "stored"
unit = "GB"
aggregate = "time_weighted"

[[product]]
id = "vm"
name = "Machine"
kind = "running"
[[product.sku]]
id = "small"
price = "0.042 / hour"
[[product.sku]]
id = "large"
price = "1.00 / hour"

[[product]]
id = "disk"
name = "Disk"
kind = "capacity"
meter = "stored"
price = "0.10 / GB-month"
free = "20 GB"
"#;

/// A cloud's folder that a test may write to.
struct Desk {
    folder: ScratchDir,
    store: String,
}

impl Desk {
    fn new(store: Option<String>) -> Desk {
        let folder = ScratchDir::new("profiles");
        std::fs::create_dir(folder.join("north")).expect("a folder");
        let store = store.unwrap_or_else(|| folder.join("farthing.db").display().to_string());
        let desk = Desk { folder, store };
        desk.write("cloud.toml", POLICY);
        desk.write("catalog.toml", CATALOG);
        desk
    }

    fn north(&self) -> PathBuf {
        self.folder.join("north")
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.north().join(file), text).expect("written");
    }

    /// The exit code, and what was said and complained of, with the folder's own path left out.
    fn run(&self, command: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
        let folder = self.north();
        let mut all = vec![command, folder.to_str().expect("a path")];
        all.extend(arguments);
        self.told(&all)
    }

    fn told(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output: Output = Command::new(env!("CARGO_BIN_EXE_farthing")).args(arguments).output().expect("it runs");
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.replace(self.north().to_str().expect("a path"), "north")
        };
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    fn apply(&self, more: &[&str]) -> (Option<i32>, String, String) {
        let mut arguments = vec!["--store", self.store.as_str(), "--who", "ana"];
        arguments.extend(more);
        self.run("apply", &arguments)
    }

    fn plan(&self) -> String {
        let (code, said, complained) = self.run("plan", &["--store", &self.store]);
        assert_eq!((code, complained.as_str()), (Some(0), ""));
        said
    }
}

#[test]
fn check_points_at_what_is_wrong_and_ends_with_1() {
    let desk = Desk::new(None);
    let (code, said, _) = desk.run("check", &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.ends_with("0 errors, 0 warnings\n"), "{said}");

    desk.write("catalog.toml", &CATALOG.replace("0.042 / hour", "0.042 / huor"));
    let (code, said, _) = desk.run("check", &[]);
    assert_eq!(code, Some(1));
    let told = "  --> north/catalog.toml:12:9\n   |\n12 | price = \"0.042 / huor\"\n   |         ^^^^^^^^^^^^^^\n";
    assert!(said.contains(told), "{said}");

    let (code, keys, _) = desk.told(&["check", "--keys"]);
    assert_eq!(code, Some(0));
    for key in ["[ladder.delete]", "[product.component.tiers]", "min_balance", "What must be available to start"] {
        assert!(keys.contains(key), "{key}");
    }
}

#[test]
fn a_folder_that_is_no_cloud_is_told() {
    let desk = Desk::new(None);
    let check = |path: &Path, told: &str| {
        let (code, _, complained) = desk.told(&["check", path.to_str().expect("a path")]);
        assert_eq!(code, Some(1));
        assert!(complained.contains(told), "{complained}");
    };
    check(&desk.folder.join("nowhere"), "cannot be read");
    check(desk.folder.path(), "has no cloud.toml: a cloud is a folder with cloud.toml and catalog.toml");
    std::fs::write(desk.north().join("cloud.toml"), b"[cloud]\nname = \"\xff\"\n").expect("written");
    check(&desk.north(), "is not UTF-8 in line 2");
    std::fs::rename(desk.north(), desk.folder.join("south")).expect("moved");
    std::fs::write(desk.folder.join("south/cloud.toml"), POLICY).expect("written");
    let (code, said, _) = desk.told(&["check", desk.folder.join("south").to_str().expect("a path")]);
    assert_eq!(code, Some(1));
    assert!(said.contains("the cloud is called \"north\" but its folder \"south\""), "{said}");
}

fn plan_and_apply(store: Option<String>) {
    let desk = Desk::new(store);
    let first = desk.plan();
    assert!(first.starts_with("north has no version yet: everything is new.\n"), "{first}");
    assert!(first.contains("+ product vm, sku small, 0.042 / hour\n"), "{first}");
    let (code, said, complained) = desk.apply(&["--why", "first prices"]);
    assert_eq!((code, complained.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains("Version 1 of north: in force from "), "{said}");
    assert!(desk.plan().ends_with("No difference.\n"));
    let (_, said, _) = desk.apply(&["--why", "the same again"]);
    assert!(said.ends_with("Version 1 of north says just this: nothing was written.\n"), "{said}");

    desk.write("catalog.toml", &CATALOG.replace("0.042", "0.045").replace("1.00 / hour", "0.90 / hour"));
    let plan = desk.plan();
    let told = "\nproduct vm, sku large\n  ~ price: 1.00 / hour -> 0.90 / hour (\u{2212}10.0%)\nproduct vm, sku small\n  ~ price: 0.042 / hour -> 0.045 / hour (+7.1%)\n\n2 changes, 1 price up, 1 price down\nNothing was changed: `farthing apply` would put this in force.\n";
    assert!(plan.ends_with(told), "{plan}");
    let (_, said, _) = desk.apply(&["--why", "winter", "--starts", "2999-12-01T00:00:00Z"]);
    assert!(said.ends_with("Version 2 of north: in force from 2999-12-01T00:00:00Z\n"), "{said}");
    desk.write("catalog.toml", &CATALOG.replace("0.042", "0.044"));
    let (code, said, complained) = desk.apply(&["--why", "a slip", "--corrects", "2"]);
    assert_eq!(code, Some(0), "{complained}");
    assert!(said.contains("  ~ price: 0.045 / hour -> 0.044 / hour (\u{2212}2.2%)\n"), "{said}");
    assert!(said.ends_with("Version 3 of north, correcting version 2: in force from 2999-12-01T00:00:00Z\n"), "{said}");

    // What cannot be is told, and nothing is written.
    let refused = |more: &[&str], told: &str| {
        let (code, _, complained) = desk.apply(more);
        assert_eq!(code, Some(1), "{more:?}");
        assert!(complained.contains(told), "{complained}");
    };
    refused(&["--why", "again", "--corrects", "2"], "correct version 3 instead");
    refused(&["--why", "again", "--corrects", "9"], "9");
    refused(&["--why", "late", "--starts", "2020-01-01T00:00:00Z"], "2020-01-01T00:00:00Z");
    refused(&["--why", " "], "why");
    desk.write("catalog.toml", "[[product]]\n");
    refused(&["--why", "broken"], "nothing was planned or changed");

    let (_, said, _) = desk.told(&["versions", "north", "--store", &desk.store]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 6, "{said}");
    assert!(
        lines[0].starts_with("Version 1 of north: in force from ") && lines[0].ends_with(" until 2999-12-01T00:00:00Z")
    );
    assert!(lines[1].ends_with(" by ana: first prices"));
    assert_eq!(lines[2], "Version 2 of north: replaced by version 3");
    let into = desk.folder.join("back");
    let (code, _, complained) = desk.told(&[
        "versions",
        "north",
        "--store",
        &desk.store,
        "--write",
        "1",
        "--into",
        into.to_str().expect("a path"),
    ]);
    assert_eq!(code, Some(0), "{complained}");
    assert_eq!(std::fs::read_to_string(into.join("catalog.toml")).expect("written"), CATALOG);

    // The audit counts the versions, and says that it is one of them that is wrong.
    let (code, said, _) = desk.told(&["verify", "--store", &desk.store]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.starts_with(
            "Every unit is accounted for: 0 transfers, 0 accounts, 0 holds, 0 charges, 3 policy versions in "
        ),
        "{said}"
    );
    let store = Store::open(&Location::parse(&desk.store), &Options::default()).expect("it opens");
    let tampered = store.write("tamper", |tx| {
        let changed =
            "UPDATE policy_file SET text = replace(text, '0.042', '0.024') WHERE name = 'catalog.toml' AND number = 1";
        tx.execute(changed, &[])
    });
    assert_eq!(tampered.map_err(|error: StoreError| error.to_string()), Ok(1));
    drop(store);
    let (code, said, _) = desk.told(&["verify", "--store", &desk.store]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.starts_with("The ledger adds up, but policy versions are not what was applied: 0 transfers"),
        "{said}"
    );
    assert!(said.contains("First wrong row: policy_file north 1 catalog.toml: "), "{said}");
}

#[test]
fn plan_tells_what_apply_does_and_apply_does_it_once_on_sqlite() {
    plan_and_apply(None);
}

#[test]
fn plan_tells_what_apply_does_and_apply_does_it_once_on_postgres() {
    let database = farthing_testbed::postgres().database("profiles");
    plan_and_apply(Some(database.url().clone()));
}

#[test]
fn an_estimate_shows_its_arithmetic() {
    let desk = Desk::new(None);
    let check = |arguments: &[&str], told: &str| {
        let (code, said, complained) = desk.run("estimate", arguments);
        assert_eq!((code, said.as_str(), complained.as_str()), (Some(0), told, ""), "{arguments:?}");
    };
    // R24's price: 100 hours at 0.042 are 4.20
    check(
        &["vm/small", "--for", "100h", "--from", "2026-03-01T00:00:00Z"],
        "vm small, 2026-03-01 to 2026-03-05 04:00 (100 h)\n  100 hours: 100 × 0.042 = 4.20 USD\n\n$4.20, without taxes\n",
    );
    // 500 GB less 20 free, half of April: 480 x 15/30 x 0.10
    check(
        &["disk", "--size", "500GB", "--for", "15d", "--from", "2026-04-01T00:00:00Z"],
        "disk, 2026-04-01 to 2026-04-16 (360 h)\n  500 GB, of it 20 GB free per account: 480 GB\n  240 GB-months: 240 × 0.10 = 24.00 USD\n\n$24.00, without taxes\n",
    );
    let refused = |arguments: &[&str], told: &str| {
        let (code, said, complained) = desk.run("estimate", arguments);
        assert_eq!((code, said.as_str()), (Some(1), ""));
        assert_eq!(complained, format!("farthing: {told}\n"), "{arguments:?}");
    };
    refused(&["vmm", "--for", "1h"], "there is no product \"vmm\"; did you mean \"vm\"?");
    refused(&["vm/tiny", "--for", "1h"], "product \"vm\" has no SKU \"tiny\"");
    refused(&["vm", "--for", "1h"], "product \"vm\" is sold by SKU; name one, such as small, large");
    refused(&["vm/small"], "product \"vm\": say how long it runs, such as --for 100h");
    refused(
        &["disk", "--size", "500", "--for", "soon"],
        "\"soon\" is not a span of time: expected the number as digits, found \'s\' at character 1; write a whole number and one of s, m, h, d, w, mo, y, like 100h or 1mo",
    );
}
