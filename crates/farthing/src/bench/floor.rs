//! The floor: the same bytes appended to a plain file with the same number of fsyncs. Nothing durable can be faster.

use farthing::failure::Failure;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Appends `bytes` in `syncs` equal pieces, each synced; how long it took.
pub(crate) fn append(bytes: u64, syncs: u64) -> Result<Duration, Failure> {
    let path = std::env::temp_dir().join(format!("farthing-floor-{}", std::process::id()));
    let mut file = std::fs::File::create(&path)?;
    let piece = vec![0x5a_u8; usize::try_from(bytes.div_ceil(syncs.max(1)))?.max(1)];
    let begun = Instant::now();
    for _ in 0..syncs {
        file.write_all(&piece)?;
        file.sync_data()?;
    }
    let took = begun.elapsed();
    drop(file);
    std::fs::remove_file(&path)?;
    Ok(took)
}

/// The median of overwriting one page with one fdatasync: what a single caller cannot be faster than.
pub(crate) fn overwrite_p50() -> Result<Duration, Failure> {
    use std::os::unix::fs::FileExt as _;
    let path = std::env::temp_dir().join(format!("farthing-floor-{}", std::process::id()));
    let file = std::fs::File::create(&path)?;
    let page = [0x5a_u8; 4096];
    file.write_all_at(&page.repeat(64), 0)?;
    file.sync_all()?;
    let mut took = Vec::new();
    for turn in 0..500_u64 {
        file.write_all_at(&page, turn % 64 * 4096)?;
        let begun = Instant::now();
        file.sync_data()?;
        took.push(begun.elapsed());
    }
    std::fs::remove_file(&path)?;
    took.sort_unstable();
    Ok(took[took.len() / 2])
}
