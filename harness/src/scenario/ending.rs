//! The end of a case: what the judges of the transcript have against it, and its verdict.

use std::path::Path;

use l2tpspec_protocol::time::Instant;

use super::both;
use super::model::Outcome;
use super::play::Play;
use super::verdict::{Failure, Played, Verdict};
use crate::check::known::KnownFile;
use crate::check::{Checked, Judge};
use crate::transcript::connection::Role;

/// The name of the recording in what is said of it.
pub(super) const NAME: &str = "wire.pcapng";

impl Play<'_> {
    pub(super) fn end(self, result: Result<(), (Verdict, Failure)>, deviations: &[&KnownFile]) -> Played {
        let elapsed = self.net.world.now().since(Instant::START);
        let idle = self.net.watch.borrow().idle_rules();
        let (judge, mut recording, messages) = {
            let mut watch = self.net.watch.borrow_mut();
            (watch.take_judge(), watch.take_recording(), watch.messages.len())
        };
        let opened = match recording.as_mut().filter(|_| self.remotes.are_both()) {
            Some(recording) => {
                both::judged(recording, deviations, self.cast.supernode.isakmp.is_some()).map(Some)
            }
            None => Ok(judge.map(|judge: Judge| judge.end(Path::new(NAME), deviations, None))),
        };
        let (result, checked) = match opened {
            Ok(checked) => (result, checked),
            Err(wrong) => (result.and(Err(wrong)), None),
        };
        let (verdict, failure) = match result {
            Err((verdict, failure)) => (verdict, Some(failure)),
            Ok(()) if !idle.is_empty() => {
                let text = format!("a rule for {} has not met as many: it shows nothing", idle.join(", "));
                (Verdict::Fail, Some(Failure::of("network", text)))
            }
            Ok(()) => match checked.as_ref().and_then(|checked| self.judged(checked)) {
                Some(failure) => (Verdict::Fail, Some(failure)),
                None => (Verdict::Pass, None),
            },
        };
        Played { verdict, failure, elapsed, checked, recording, messages, log: None }
    }

    /// What the judges of the transcript have against the case.
    fn judged(&self, checked: &Checked) -> Option<Failure> {
        if let Some(outcome) = &self.case.outcome
            && let Some(failure) = misfit(outcome, checked)
        {
            return Some(failure);
        }
        let is_meant = |role: Option<Role>| !self.case.mutates() || role == Some(self.case.subject);
        let finding = checked
            .unknown()
            .find(|finding| is_meant(finding.role) && !self.case.breaks.contains(&finding.requirement.id))?;
        let violation = finding.violations.first()?;
        let by = finding.role.map_or("somebody", Role::word);
        let text = format!(
            "{} is broken by the {by} in frame {}: {}",
            finding.requirement.id, violation.frame, violation.text
        );
        Some(Failure::of("rules", text))
    }
}

fn misfit(wanted: &Outcome, checked: &Checked) -> Option<Failure> {
    let Some(judged) = checked.connections.first() else {
        return Some(Failure::of("outcome", "there is no connection to judge"));
    };
    let got = &judged.outcome;
    let rung = wanted.rung.as_ref().is_some_and(|rung| rung != got.rung.word());
    let failed = wanted.failed.is_some_and(|failed| failed != got.failed);
    let contains =
        |cause: &String| got.causes.iter().any(|own| own.to_lowercase().contains(&cause.to_lowercase()));
    let cause = wanted.cause.as_ref().is_some_and(|cause| !contains(cause));
    (rung || failed || cause).then(|| {
        let causes = if got.causes.is_empty() { "no cause".to_owned() } else { got.causes.join("; ") };
        let state = if got.failed { "failed" } else { "did not fail" };
        Failure::of("outcome", format!("it reached {} and {state}: {causes}", got.rung.word()))
    })
}
