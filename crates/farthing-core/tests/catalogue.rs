//! docs/webhooks.md lists every event as the code has it. With `FARTHING_WRITE_DOCS=1` the test writes the list instead of comparing.

use farthing_core::notice::{Event, samples};
use farthing_core::time::Instant;
use std::fmt::Write as _;
use std::path::Path;

const BEGIN: &str = "<!-- catalogue: made by the test `catalogue` of farthing-core -->\n";
const END: &str = "<!-- end of the catalogue -->";

fn catalogue() -> String {
    let mut text = String::new();
    for event in samples() {
        let kind = event.kind();
        let mailed = if kind.is_mailed() && event.person().is_none() {
            " The account's contact is written to as well."
        } else {
            ""
        };
        let again = if kind.may_be_replayed() { "" } else { " It is never sent again by hand." };
        let _ = writeln!(text, "### `{}`\n\n{}{mailed}{again}\n\n| `data` | |\n|---|---|", kind.name(), kind.about());
        for (field, says) in kind.fields() {
            let _ = writeln!(text, "| `{field}` | {says} |");
        }
        let at = Instant::from_micros(1_795_000_000_000_000);
        let id = "msg_01m0abw8g0tfjbn245fasf0w43";
        let body = Event::body(id, kind.name(), at, "one", &event.data().to_string());
        let _ = writeln!(text, "\n```json\n{body}\n```\n");
    }
    text
}

#[test]
fn the_documentation_lists_every_event_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/webhooks.md");
    let whole = std::fs::read_to_string(&path).expect("docs/webhooks.md is there");
    let (before, rest) = whole.split_once(BEGIN).expect("the list begins");
    let (list, after) = rest.split_once(END).expect("the list ends");
    if std::env::var_os("FARTHING_WRITE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", catalogue())).expect("it can be written");
        return;
    }
    assert!(
        list == catalogue(),
        "docs/webhooks.md is behind the code: FARTHING_WRITE_DOCS=1 cargo test -p farthing-core --test catalogue"
    );
}
