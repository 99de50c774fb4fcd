//! `farthing test` as an operator runs it: files found, told in order, counted.

use farthing_testbed::ScratchDir;
use std::process::Command;

fn farthing(folder: &ScratchDir, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_farthing"))
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn what_is_no_scenario_is_told_at_its_line_and_counted() {
    let folder = ScratchDir::new("scenarios");
    std::fs::write(folder.join("b.scn"), "scenario \"a slip\"\ncloud new\nacount acme\n").unwrap();
    std::fs::write(folder.join("a.scn"), [0xff, 0xfe]).unwrap();
    let (code, said, complained) = farthing(&folder, &["test", ".", "missing.scn"]);
    assert_eq!((code, complained.as_str()), (Some(1), ""));
    assert_eq!(
        said,
        "FAILED  ./a.scn\nerror: it is not UTF-8 in line 1: save it as UTF-8\n\
         FAILED  ./b.scn\nerror: there is no command \"acount\"\n --> ./b.scn:3:1\n  |\n3 | acount acme\n  | ^^^^^^\n  \
         = did you mean `account`? write: account NAME [country=DE] [time_zone=] [pay=prepaid|postpaid] [company=] [tax_number=] [language=] …\n\
         FAILED  missing.scn\nerror: it cannot be read: No such file or directory (os error 2)\n0 passed, 3 failed\n"
    );
}

#[test]
fn nothing_to_play_is_no_success() {
    let folder = ScratchDir::new("scenarios");
    let (code, said, complained) = farthing(&folder, &["test", "."]);
    assert_eq!((code, said.as_str()), (Some(1), "0 passed, 0 failed\n"));
    assert_eq!(complained, "farthing: there is no *.scn file in .\n");
    let (code, _, complained) = farthing(&folder, &["test"]);
    assert_eq!(code, Some(2));
    assert!(complained.contains("<PATHS>..."), "{complained}");
    let (code, _, complained) = farthing(&folder, &["test", ".", "--store", "some.db"]);
    assert_eq!(code, Some(1));
    assert!(complained.contains("some.db is a file: scenarios make their own embedded stores"), "{complained}");
}

#[test]
fn the_table_of_rules_names_what_is_missing() {
    let folder = ScratchDir::new("scenarios");
    std::fs::write(folder.join("a.scn"), "scenario \"a slip\"\nrules R25\ncloud new\nacount acme\n").unwrap();
    let (code, said, _) = farthing(&folder, &["test", "--rules"]);
    assert_eq!(code, Some(1));
    assert!(said.starts_with("R1    missing  Invoice and receipt are two documents"), "{said}");
    assert!(
        said.contains(
            "\nR25   FAIL     At zero everything is suspended until money comes\n               FAIL ./a.scn\n"
        ),
        "{said}"
    );
    assert!(said.ends_with("\n0 rules proven, 1 failing, 99 missing\n0 passed, 1 failed\n"), "{said}");
}

/// The same story on both stores, each in one of its own that is gone afterwards.
#[test]
fn a_story_is_played_on_the_engine() {
    let folder = ScratchDir::new("scenarios");
    let story = "scenario \"a hundred hours\"\nrules R24 R26\ncloud new currency=USD time_zone=UTC\npolicy start.min_balance = 5.00\n\
        price service/medium \"0.042 / hour\"\nat 2026-03-01T00:00:00Z\naccount acme country=US\nproject site account=acme\n\
        expect error start web project=site product=service sku=medium -> insufficient_balance\ntopup acme 10.00 method=card:visa\n\
        start web project=site product=service sku=medium label.team=blue\nwait 100h\nexpect balance acme = 5.80\n\
        wait until balance acme < 5.00\nexpect clock = 2026-03-06T00:00:00Z\ncrash\ndown 2h\nstop web\nexpect charges acme == 5.124\n";
    std::fs::write(folder.join("a.scn"), story).unwrap();
    std::fs::write(folder.join("b.scn"), story.replace("5.124", "5.125")).unwrap();
    let database = farthing_testbed::postgres().database("scenarios");
    for store in [None, Some(database.url())] {
        let mut arguments = vec!["test", "a.scn", "b.scn"];
        arguments.extend(store.iter().flat_map(|url| ["--store", url]));
        let (code, said, complained) = farthing(&folder, &arguments);
        assert_eq!((code, complained.as_str()), (Some(1), ""), "{said}");
        assert!(said.starts_with("ok      a hundred hours (a.scn)\nFAILED  a hundred hours (b.scn)\n"), "{said}");
        assert!(
            said.contains("= expected == 5.125, found 5.124 USD") && said.ends_with("\n1 passed, 1 failed\n"),
            "{said}"
        );
    }
    let left = database.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'farthing_trial_%'").unwrap();
    assert_eq!(left.trim(), "0");
}

/// `docs/clouds.md` says what the files say. With `FARTHING_SNAPSHOTS=write` it becomes so, and its diff is to be read.
#[test]
fn the_page_of_the_rules_is_true() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let made = farthing::scenario::rules::document(&root).unwrap();
    let page = root.join("docs/clouds.md");
    if std::env::var_os("FARTHING_SNAPSHOTS").is_some_and(|what| what == "write") {
        std::fs::write(&page, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&page).unwrap_or_default();
    let differs = made.lines().zip(kept.lines()).find(|(made, kept)| made != kept);
    assert!(made == kept, "docs/clouds.md is not what the files say; first: {differs:?}");
    // Each rule has a story: the last missing one was found here.
    for section in made.split("\n### ").skip(1) {
        assert!(section.contains("\n- proven: "), "no story proves {}", section.lines().next().unwrap_or_default());
    }
}

/// `docs/scenarios.md` lists every line of the language.
#[test]
fn the_page_of_the_language_is_true() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenarios.md");
    let kept = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = kept.split_once("```text\n").expect("the list");
    let (list, after) = rest.split_once("\n```").expect("its end");
    let made = farthing::scenario::language();
    if std::env::var_os("FARTHING_SNAPSHOTS").is_some_and(|what| what == "write") {
        std::fs::write(&page, format!("{before}```text\n{made}\n```{after}")).unwrap();
    } else {
        assert_eq!(list, made);
    }
}
