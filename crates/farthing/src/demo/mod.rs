//! `farthing demo`: months of life for every cloud in a new database, audited, then shown to this machine in a browser while it goes on.

mod at_once;
mod cast;
mod customer;
mod desk;
mod dice;
mod going;
mod life;
mod menu;
mod names;
mod people;

pub use life::{Life, Loaded, Size, load};

use crate::clouds;
use crate::failure::Failure;
use crate::press::Press;
use crate::serve::told_to_end;
use at_once::AtOnce;
use clap::Args;
use farthing_console::{self as console, Console, Gate, Guest, Verdict};
use farthing_core::time::Instant;
use farthing_engine::{Clock, Providers};
use farthing_store::{Location, Options, Store};
use going::Going;
use std::io::{ErrorKind, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

/// What `farthing demo` can be told.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The port of this machine on which the pages are served; 0 takes any that is free.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Makes the database here, a new file, and leaves it when the demo ends.
    #[arg(long, value_name = "PATH")]
    keep: Option<PathBuf>,
    /// How many days of life it has behind it.
    #[arg(long, value_name = "DAYS", default_value_t = 92, value_parser = clap::value_parser!(i64).range(1..=400))]
    days: i64,
    /// How many customers the largest of its clouds has.
    #[arg(long, value_name = "COUNT", default_value_t = 72, value_parser = clap::value_parser!(u16).range(8..=150))]
    customers: u16,
    /// How fast its clock runs while it is looked at: so many seconds in one of ours; 0: it stands.
    #[arg(long, value_name = "TIMES", default_value_t = 120)]
    speed: u32,
}

pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    // First what can fail for reasons the reader can mend.
    let listener = listen(arguments.port)?;
    let clouds = clouds::embedded()?;
    let now = Clock::real(None)?.now()?;
    let place = Place::new(arguments.keep.as_deref(), now)?;
    let began = Stopwatch::now();
    // Whatever this machine forgets when it falls over is made again at the next start.
    let options = Options { sqlite_sync_commits: false, ..Options::default() };
    let store = Store::open(&Location::Sqlite(place.file.clone()), &options)?;
    let Loaded { engine, since, customers, life } =
        load(store, &clouds, Size::of(arguments.days, usize::from(arguments.customers)), now)?;
    let took = began.elapsed();
    let verdict = Verdict::of(&engine)?;
    say(&format!(
        "Made {} clouds with {customers} customers and {} days of life: {} transfers in {:.1} s.",
        clouds.len(),
        now.seconds_since(since) / 86_400,
        console::grouped(verdict.report.transfers),
        took.as_secs_f64()
    ));
    say(&verdict.sentence());
    // People live by the real time, whatever the demo's clock says.
    let home = engine.clone().with_clock(Clock::real(None)?);
    let guests = people::invite(&life, home.now()?)?;
    let address = format!("http://{}", listener.local_addr()?);
    say("");
    say(&format!("Open {address}/start in a browser. It is served to this machine only; payments are pretended."));
    say("");
    introduce(&guests);
    say(&place.sentence());
    let speed = arguments.speed;
    say(&if speed == 0 {
        "Its clock stands. Ctrl-C ends it.".to_owned()
    } else {
        format!("Its clock runs {speed} times as fast as ours (--speed). Ctrl-C ends it.")
    });
    // Money that is paid in here is only pretended, and what is stopped stops at once.
    let engine = engine.with_providers(Providers::new().pretending());
    let gate = Gate::new(&address).with_guests(guests);
    let pages = Console::behind(engine, home, clouds, gate).with_verdict(verdict);
    let pages =
        pages.with_printer(Arc::new(Press)).with_stopper(Arc::new(AtOnce)).with_reader(Arc::new(clouds::Folders));
    let going = Going::on(life, speed);
    serve(pages, listener)?;
    drop(going);
    say("");
    say(if place.kept { "Ended. The database stays where it is." } else { "Ended. The database is gone." });
    Ok(())
}

/// Who can come in as whom.
fn introduce(guests: &[Guest]) {
    let mut at: Option<&str> = None;
    for guest in guests {
        if at != Some(&guest.at) {
            say(&format!("{}:", if guest.at.is_empty() { "All five clouds" } else { &guest.at }));
            at = Some(&guest.at);
        }
        let whose = if guest.account.is_empty() { String::new() } else { format!(" ({})", guest.account) };
        say(&format!("  {:<44} {}, {}{whose}", guest.email, guest.name, guest.who.en));
    }
    if let Some(first) = guests.first() {
        say(&format!("Each of them has the password: {}", first.password));
    }
    say("");
}

/// Serves until this process is told to end (Ctrl-C, or SIGTERM).
fn serve(pages: Console, listener: TcpListener) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(async move {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let server = tokio::spawn(async move { axum::serve(listener, console::router(pages)).await });
        let ended = told_to_end().await;
        server.abort(); // a page that is cut off is asked for again, and a form that is sent twice is done once
        ended
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    ended
}

/// A line for whoever reads; the pages are served even if nobody does.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn listen(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Failure::from(format!(
            "port {port} is in use by another program: choose another with --port, such as --port {}, or --port 0 for any that is free",
            port.checked_add(1).unwrap_or(8080)
        )),
        ErrorKind::PermissionDenied => {
            Failure::from(format!("this user may not use port {port}: choose one above 1023 with --port, such as --port 8080"))
        }
        _ => Failure::from(format!("port {port} of this machine cannot be used: {error}; choose another with --port")),
    })
}

/// Where the database is, and whether it goes when the demo ends.
struct Place {
    file: PathBuf,
    folder: Option<PathBuf>,
    kept: bool,
}

impl Place {
    fn new(keep: Option<&Path>, now: Instant) -> Result<Place, Failure> {
        if let Some(file) = keep {
            if file.exists() {
                return Err(format!(
                    "{} is there already: name a new file with --keep, or remove it first",
                    file.display()
                )
                .into());
            }
            return Ok(Place { file: file.to_owned(), folder: None, kept: true });
        }
        let folder = std::env::temp_dir().join(format!("farthing-demo-{}-{}", std::process::id(), now.micros()));
        let named =
            |error: std::io::Error| format!("{} cannot be made: {error}; name a file with --keep", folder.display());
        make_private(&folder).map_err(named)?;
        Ok(Place { file: folder.join("demo.db"), folder: Some(folder), kept: false })
    }

    fn sentence(&self) -> String {
        let file = self.file.display();
        if self.kept {
            format!("The database is {file}, and stays when this ends.")
        } else {
            format!("The database is {file}; it goes when this ends. --keep PATH keeps one.")
        }
    }
}

/// A new folder that only this user can enter.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // It is in the temporary directory: what cannot be removed now goes with that.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
