//! What stands between a browser and the pages: what every answer carries, and who is asking.

pub(crate) mod security;
