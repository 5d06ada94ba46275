//! All layers of an L2TP/IPsec endpoint, one above the other. No layer knows another: what happens in one becomes what is
//! wanted of another in `decide`, and nowhere else.

mod bonds;
mod checksum;
mod config;
mod decide;
mod driver;
mod event;
mod tap;

pub use config::{Config, Role};
pub use decide::session_of;
pub use driver::Stack;
pub use event::{Command, Event, Output, Reach};
pub use tap::{NoTap, Seam, Tap};
