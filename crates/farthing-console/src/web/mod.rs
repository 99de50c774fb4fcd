//! What stands between a browser and the pages: what every answer carries, and who is asking.

pub(crate) mod asked;
pub(crate) mod door;
pub(crate) mod multipart;
pub(crate) mod security;
pub(crate) mod sight;
pub(crate) mod tongue;
pub(crate) mod visitor;
