//! The verb `lab`.

use super::args::{Lab, LabVerb};
use crate::error::ExpectedError;
use crate::{exit_code, lab};

pub(super) fn run(args: &Lab) -> Result<u8, ExpectedError> {
    match &args.verb {
        LabVerb::Agent { device } => {
            let path = device.clone();
            lab::agent::serve(device).map_err(|source| ExpectedError::File { path, source })?;
            Ok(exit_code::AS_EXPECTED)
        }
    }
}
