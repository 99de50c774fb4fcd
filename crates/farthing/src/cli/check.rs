//! `farthing check`: everything there is to say about a cloud's files, each at its line.

use clap::Args;
use farthing::clouds::Folder;
use farthing::failure::Failure;
use farthing_core::config::{Key, Severity};
use farthing_core::profile::Profile;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The cloud's folder, with cloud.toml and catalog.toml.
    #[arg(required_unless_present = "keys")]
    folder: Option<PathBuf>,
    /// Prints every key there is, with its type, default and meaning.
    #[arg(long)]
    keys: bool,
    /// Says nothing of what is not in force yet.
    #[arg(long)]
    quiet: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if arguments.keys {
        print!("{}", keys());
        return Ok(ExitCode::SUCCESS);
    }
    let path = arguments.folder.as_deref().unwrap_or_else(|| std::path::Path::new("."));
    let folder = Folder::open(path)?;
    let sources = folder.sources();
    let checked = folder.check();
    for remark in &checked.remarks {
        if remark.severity != Severity::Note || !arguments.quiet {
            println!("{}", remark.render(&sources));
        }
    }
    let (errors, warnings) = (checked.count(Severity::Error), checked.count(Severity::Warning));
    if let Some(profile) = &checked.profile {
        println!("{}: {}", path.display(), sells(profile));
    }
    println!("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a profile has, in a line.
fn sells(profile: &Profile) -> String {
    let products = &profile.catalog.product;
    let skus = products.iter().map(|product| product.sku.len()).sum();
    let parts: usize = products.iter().map(|product| product.component.len() + product.addon.len()).sum();
    format!(
        "{}, {}, {}, {}, {}",
        counted(products.len(), "product"),
        counted(skus, "SKU"),
        counted(parts, "component or add-on").replace("component or add-ons", "components and add-ons"),
        counted(profile.catalog.meter.len(), "meter"),
        counted(profile.catalog.contract.len(), "contract"),
    )
}

pub(crate) fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// Every key, section by section, as the files have them.
fn keys() -> String {
    let mut text = String::new();
    for (file, keys) in Profile::all_keys() {
        let _ = writeln!(text, "{file}");
        let mut section = None;
        for key in keys {
            let (own, name) = key.path.rsplit_once('.').unwrap_or(("", &key.path));
            if section.as_deref() != Some(own) {
                let _ = writeln!(text, "\n  [{own}]");
                section = Some(own.to_owned());
            }
            print_key(&mut text, &key, name);
        }
        let _ = writeln!(text);
    }
    text
}

fn print_key(text: &mut String, key: &Key, name: &str) {
    let several = if key.several { ", or a list" } else { "" };
    let default = match key.default {
        None => "must be written".to_owned(),
        Some(default) => format!("default {default}"),
    };
    let _ = writeln!(text, "    {name:<26} {}, {}{several}; {default}", key.kind.one, key.kind.example());
    let _ = writeln!(text, "    {:<26} {}", "", key.meaning);
    if !key.capability.is_in_force() {
        let _ = writeln!(text, "    {:<26} (not in force in this version: waits for {})", "", key.capability);
    }
}
