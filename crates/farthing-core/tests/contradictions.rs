//! What each key of a cloud's files can say by itself, but not beside another: told, and told only then.

use farthing_core::config::{Severity, Source};
use farthing_core::profile::Profile;

const CLOUD: &str =
    "[cloud]\nid = \"one\"\nname = \"One\"\ncurrency = \"USD\"\n[brand]\nlegal_name = \"One\"\ncountry = \"DE\"\n";
const SPACE_METER: &str = "[[meter]]\nid = \"space\"\nunit = \"GB\"\naggregate = \"time_weighted\"\n";

/// Every error of these files, or none.
fn check(policy: &str, catalog: &str, told: Option<&str>) {
    let policy = Source::new("cloud.toml", format!("{CLOUD}{policy}"));
    let read = Profile::read(&policy, Some(&Source::new("catalog.toml", catalog)));
    let errors: Vec<&str> = read
        .remarks
        .iter()
        .filter(|remark| remark.severity == Severity::Error)
        .map(|remark| remark.what.as_str())
        .collect();
    match told {
        None => assert_eq!(errors, Vec::<&str>::new(), "{catalog}"),
        Some(told) => assert_eq!(errors, [told], "{catalog}"),
    }
}

#[test]
fn r8_units_that_are_taken_are_sold() {
    let product = "[[product]]\nid = \"gpu\"\nname = \"GPU\"\nkind = \"running\"\nunits = \"1 gpu-unit / hour\"\n";
    let packs = "[[product]]\nid = \"packs\"\nname = \"Packs\"\nkind = \"units\"\nunit = \"gpu-unit\"\n\
                 packs = [{ units = 10, price = \"9.00\" }]\n";
    check("", product, Some("the price takes gpu-units, which nothing sells"));
    check("", &format!("{product}{packs}"), None);
}

#[test]
fn r17_a_gift_is_something_for_something() {
    let gift = |more: &str| format!("[[gift]]\nid = \"trial\"\nname = \"Trial credit\"\n{more}");
    check("", &gift("credit = \"20.00\""), None);
    check("", &gift("credit = \"0.00\""), Some("gift \"trial\" gives nothing"));
    check("", &gift("credit = \"20.00\"\nproducts = [\"vm\"]"), Some("there is no product called \"vm\""));
}

#[test]
fn r4_an_add_on_is_priced_by_the_period_of_its_node() {
    let node = |price: &str| {
        format!(
            "[[product]]\nid = \"node\"\nname = \"Node\"\nkind = \"term\"\nprice = \"25.00\"\n\
             [[product.addon]]\nid = \"worker\"\nname = \"Worker\"\nprice = \"{price}\"\n"
        )
    };
    check("", &node("18.00"), None);
    check(
        "",
        &node("18.00 / hour"),
        Some("the price of add-on \"worker\" is one amount for a whole period, not 18.00 / hour"),
    );
}

#[test]
fn r46_what_raises_a_limit_finds_it() {
    let catalog = |raise: &str| {
        format!(
            "[[meter]]\nid = \"calls\"\nunit = \"call\"\naggregate = \"count\"\n\
             [[product]]\nid = \"llm\"\nname = \"LLM\"\nkind = \"usage\"\nmeter = \"calls\"\nprice = \"0.01 / call\"\n\
             quota = [{{ id = \"rpm\", meter = \"calls\", limit = \"60\" }}]\n\
             [[product]]\nid = \"more\"\nname = \"More\"\nkind = \"term\"\nprice = \"9.00\"\nraises = [{raise}]\n"
        )
    };
    check("", &catalog("{ product = \"llm\", quota = \"rpm\", by = \"60\" }"), None);
    check(
        "",
        &catalog("{ product = \"llm\", quota = \"tpm\", by = \"60\" }"),
        Some("there is no quota called \"tpm\""),
    );
    check(
        "",
        &catalog("{ product = \"lm\", quota = \"rpm\", by = \"60\" }"),
        Some("there is no product called \"lm\""),
    );
    check(
        "",
        &catalog("{ product = \"llm\", quota = \"rpm\", by = \"0\" }"),
        Some("a limit raised by 0 stays where it is"),
    );
}

#[test]
fn r71_bought_space_is_measured() {
    let space = |more: &str| {
        format!(
            "{SPACE_METER}[[product]]\nid = \"space\"\nname = \"Space\"\nkind = \"term\"\nprice = \"60.00\"\n{more}"
        )
    };
    let grace = "[space]\ngrace = \"30d\"\n";
    let free = "free = { size = \"500 GB\", per = \"user\" }\n";
    check(grace, &space(&format!("meter = \"space\"\nsize = \"500 GB\"\n{free}")), None);
    check(grace, &space("size = \"500 GB\"\n"), Some("space is sold, but nothing measures how full it is"));
    let unsized_term = format!("meter = \"space\"\n{free}");
    let told = "`free` of a term is the space that everybody has, but this term adds no space";
    check(grace, &space(&unsized_term), Some(told));
    let adds_up = space("meter = \"space\"\nsize = \"500 GB\"\n").replace("time_weighted", "sum");
    check(grace, &adds_up, Some("a meter that adds up does not know how full a space is"));
}

#[test]
fn r75_no_renewal_after_the_files_are_gone() {
    let policy = |until: &str| format!("[space]\ngrace = \"30d\"\n[renewal]\nattempts_until = \"{until}\"\n");
    check(&policy("30d"), "", None);
    let told = "`renewal.attempts_until` (31d) goes on after `space.grace` (30d), when the files are deleted";
    check(&policy("31d"), "", Some(told));
}

#[test]
fn r95_a_threshold_of_wallets_needs_wallets() {
    check("[members]\nwallets = true\nlow_balance = \"20.00\"\n", "", None);
    let told = "`members.low_balance` is a threshold of wallets that members cannot have";
    check("[members]\nlow_balance = \"20.00\"\n", "", Some(told));
}
