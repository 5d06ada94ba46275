//! The command line of scenarios: choosing, reports, exit statuses, mistakes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

/// Runs a verb with the project's own scenarios.
fn l2tpspec(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l2tpspec"));
    let (verb, rest) = arguments.split_first().expect("a verb");
    command.arg(verb).arg("--scenarios").arg(scenarios()).args(rest);
    command.output().expect("the program starts")
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scenario-cli").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("room for files");
    folder
}

/// The project's scenarios' profiles with one scenario of the test's.
fn with_scenario(name: &str, text: &str) -> PathBuf {
    let root = scratch(name);
    for folder in ["clients", "supernodes", "deviations", "topologies"] {
        fs::create_dir_all(root.join(folder)).expect("room for files");
        for entry in fs::read_dir(scenarios().join(folder)).expect("profiles").flatten() {
            fs::copy(entry.path(), root.join(folder).join(entry.file_name())).expect("room for files");
        }
    }
    fs::create_dir_all(root.join("own")).expect("room for files");
    fs::write(root.join("own/x.json"), text).expect("room for files");
    root
}

fn scenario(step: &str) -> String {
    format!(
        "{{ \"format\": 1, \"id\": \"own/x\", \"title\": \"a title\", \"cites\": [\"IKE-2409-5.4-a\"], \"subject\": \"supernode\",
  \"client\": \"edgeos\", \"supernode\": \"sn1\", \"steps\": [\n    {step}\n  ] }}\n"
    )
}

fn run_in(root: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l2tpspec"));
    command.args(["run", "--scenarios"]).arg(root).args(more);
    command.output().expect("the program starts")
}

#[test]
fn a_case_is_an_object_and_the_summary_is_the_last() {
    let output = l2tpspec(&["run", "--json", "l2tp/sccrq/window"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let lines = lines(&output);
    let (summary, cases) = lines.split_last().expect("a summary");
    assert_eq!(cases.len(), 4);
    for case in cases {
        assert_eq!(case["type"], "case");
        assert_eq!(case["subject"], "self");
        assert_eq!(case["verdict"], "pass");
        assert_eq!(case["requirements"][0], "L2TP-2661-5.8-i");
        assert!(case["id"].as_str().is_some_and(|id| id.starts_with("l2tp/sccrq/window[size=")));
        assert!(case["elapsed_ms"].as_u64().is_some_and(|elapsed| elapsed > 0));
        assert_eq!(case["evidence"], Value::Null);
    }
    assert_eq!(
        (&summary["type"], &summary["pass"], &summary["fail"]),
        (&"summary".into(), &4.into(), &0.into())
    );
}

#[test]
fn the_same_seed_gives_the_same_report_and_recording_whatever_the_threads() {
    let words = ["network/rates", "guides/rekey-under-load"];
    let mut reports = Vec::new();
    for (name, threads) in [("first", "1"), ("second", "2")] {
        let folder = scratch(name);
        let folder = folder.to_str().expect("a path that is text");
        let arguments = [&["run", "--json", "--threads", threads, "--record", folder][..], &words].concat();
        let output = l2tpspec(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        let report = String::from_utf8_lossy(&output.stdout).replace(name, "NAME");
        let wire = "network/rates[client=ios,topology=client-behind-nat]/wire.pcapng";
        reports.push((report, fs::read(Path::new(folder).join(wire)).expect("a recording")));
    }
    assert!(reports[0].1.len() > 10_000);
    assert!(reports[0] == reports[1], "two runs of one seed differ");
    let other = l2tpspec(&["run", "--json", "--seed", "2", "network/rates"]);
    assert!(String::from_utf8_lossy(&other.stdout) != reports[0].0);
}

#[test]
fn a_failure_names_file_line_step_and_what_came() {
    let root = with_scenario(
        "failure",
        &scenario(
            "{ \"do\": \"begin\" }, { \"expect\": \"ike.main.4\", \"from\": \"supernode\", \"within\": \"1s\", \"why\": \"it answers\" }",
        ),
    );
    let output = run_in(&root, &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("FAIL own/x\n"), "{text}");
    let said = "own/x.json:3, step 2: expected ike.main.4 from the supernode; ike.main.2 came from the supernode (it answers)";
    assert!(text.contains(said), "{text}");
    assert!(text.contains("<- ike.main.2  frame 2\n"), "{text}");
    assert!(text.contains("1 case against self: 1 fail\n"), "{text}");
}

#[test]
fn a_mutation_of_what_is_not_there_blocks_the_case() {
    let step = "{ \"send\": \"l2tp.SCCRQ\", \"from\": \"client\", \"mutate\": [ { \"drop_field\": \"Tie Breaker\" } ] }";
    let output = run_in(&with_scenario("blocked", &scenario(step)), &["--json"]);
    assert_eq!(output.status.code(), Some(3), "nothing was judged");
    let case = &lines(&output)[0];
    assert_eq!(case["verdict"], "blocked");
    let text = case["failure"]["text"].as_str().unwrap_or_default();
    assert!(text.contains("the message has no `Tie Breaker`; it has Message Type, "), "{text}");
}

#[test]
fn a_rule_that_meets_nothing_shows_nothing() {
    let text = scenario("{ \"do\": \"connect\" }").replace(
        "\"steps\"",
        "\"network\": { \"rules\": [ { \"drop\": \"pap.Authenticate-Request\", \"nth\": 1 } ] }, \"steps\"",
    );
    let output = run_in(&with_scenario("idle", &text), &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("network: a rule for pap.Authenticate-Request has not met as many"), "{text}");
}

#[test]
fn known_failures_are_set_apart_and_stale_ones_are_red() {
    let failing = scenario("{ \"do\": \"ping\" }");
    let root = with_scenario("known", &failing);
    let known = |entry: &str| {
        let path = root.join("known.json");
        let text = format!("{{ \"format\": 1, \"subject\": \"self\", \"failures\": [ {entry} ] }}");
        fs::write(&path, text).expect("room for files");
        path.to_str().expect("a path that is text").to_owned()
    };
    let fits = "{ \"match\": \"own/*\", \"fails_at\": \"step 1\", \"saying\": \"replies is 0\", \"why\": \"it is not connected\" }";
    let output = run_in(&root, &["--json", "--known", &known(fits)]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let case = &lines(&output)[0];
    assert_eq!((&case["verdict"], &case["known"]), (&"known-failure".into(), &"it is not connected".into()));

    let elsewhere = fits.replace("step 1", "step 9");
    let output = run_in(&root, &["--json", "--known", &known(&elsewhere)]);
    assert_eq!(output.status.code(), Some(1), "it fails at another step");
    assert_eq!(lines(&output)[0]["verdict"], "fail");

    let over = fits.replace("\"why\"", "\"until\": \"2020-01-01\", \"why\"");
    assert_eq!(run_in(&root, &["--known", &known(&over)]).status.code(), Some(1), "its time is over");

    fs::write(root.join("own/x.json"), scenario("{ \"do\": \"connect\" }")).expect("room for files");
    let output = run_in(&root, &["--json", "--known", &known(fits)]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output)[0]["verdict"], "unexpected-pass");

    let stale = fits.replace("own/*", "ike/*");
    let output = run_in(&root, &["--known", &known(&stale)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("`ike/*` is a known failure that no case shows any more"));
}

#[test]
fn mistakes_of_the_user_end_with_status_2_and_advice() {
    let cases: [(&[&str], &str); 4] = [
        (
            &["run", "l2tp/scrq/window"],
            "no scenario is chosen by `l2tp/scrq/window`\nhint: did you mean `l2tp/sccrq/window`?",
        ),
        (&["run", "--subject", "lab:nobody"], "subject `lab:nobody` is not known here\nhint: "),
        (&["run", "--fault", "nobody"], "no fault is called `nobody`\nhint: "),
        (&["run", "--known", "/nowhere.json"], "/nowhere.json: No such file"),
    ];
    for (arguments, said) in cases {
        let output = l2tpspec(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let errors = errors(&output);
        assert!(errors.contains(said), "{errors}");
        assert!(output.stdout.is_empty(), "no partial report");
    }
    let output = run_in(Path::new("/nowhere"), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("no directory /nowhere\nhint: run it where `scenarios/` lies"));
    let root = with_scenario("mistake", &scenario("{ \"do\": \"conect\" }"));
    let output = run_in(&root, &[]);
    assert_eq!(output.status.code(), Some(2));
    let errors = errors(&output);
    assert!(errors.contains("own/x.json:3:13: unknown action `conect`\n"), "{errors}");
    assert!(errors.contains("did you mean `connect`?"), "{errors}");
}

#[test]
fn junit_has_a_case_for_each() {
    let path = scratch("junit").join("junit.xml");
    let output =
        l2tpspec(&["run", "--junit", path.to_str().expect("a path that is text"), "l2tp/sccrq/window"]);
    assert_eq!(output.status.code(), Some(0));
    let text = fs::read_to_string(path).expect("a report");
    assert_eq!(text.matches("<testcase ").count(), 4, "{text}");
    assert!(text.contains("name=\"l2tp/sccrq/window[size=1]\""), "{text}");
    assert!(text.contains("failures=\"0\""), "{text}");
}

#[test]
fn faults_of_the_reference_are_found() {
    for (fault, word) in [("l2tp-no-sccrp", "guides/connect"), ("ppp-reordered-ack", "guides/connect")] {
        let output = l2tpspec(&["run", "--fault", fault, "--json", word]);
        assert_eq!(output.status.code(), Some(1), "{fault}");
        let lines = lines(&output);
        assert_eq!(lines.last().expect("a summary")["pass"], 0, "{fault}");
    }
}

#[test]
fn lists_are_objects_or_lines() {
    let output = l2tpspec(&["list", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let lines = lines(&output);
    let count = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    assert_eq!((count("requirement"), count("profile"), count("subject")), (450, 17, 11));
    assert!(count("scenario") > 100 && count("fault") > 30);
    let words = l2tpspec(&["list", "words"]);
    assert!(String::from_utf8_lossy(&words.stdout).contains("l2tp.SCCRQ"));
}

#[test]
fn every_scenario_is_canonical_and_the_schema_is_fresh() {
    let output = l2tpspec(&["fmt", "--check"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let root = with_scenario("fmt", &scenario("{ \"do\": \"connect\" }"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_l2tpspec"));
    let output =
        command.args(["fmt", "--check", "--scenarios"]).arg(&root).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "it is written otherwise, and has no schema");
    let before = fs::read_to_string(root.join("own/x.json")).expect("it is there");
    let mut command = Command::new(env!("CARGO_BIN_EXE_l2tpspec"));
    assert!(command.args(["fmt", "--scenarios"]).arg(&root).status().expect("the program starts").success());
    let after = fs::read_to_string(root.join("own/x.json")).expect("it is there");
    assert_ne!(before, after);
    assert!(run_in(&root, &[]).status.success(), "it says the same");
}

#[test]
fn a_subject_that_a_mutation_has_brought_down_is_told_from_one_that_took_it_wrongly() {
    let failure = |fault: &str, case: &str| {
        let output = l2tpspec(&["run", "--json", "--fault", fault, case]);
        assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
        lines(&output)[0]["failure"].clone()
    };
    let lives = failure("ppp-no-code-reject", "ppp/lcp/unknown-code[code=16]");
    assert_eq!((&lives["at"], &lives["down"]), (&"step 3".into(), &Value::from(false)));

    let case = "ike/delete/damaged[topology=client-behind-nat]";
    let is_down = failure("ike-no-quick-2", case);
    assert_eq!(is_down["down"], true);
    let text = is_down["text"].as_str().expect("what showed it");
    assert!(text.contains("; and it is down after that: a client did not connect within 120 s"), "{text}");
    // Where nothing else has failed, that is the failure.
    let is_down =
        failure("ike-no-quick-2", "ike/answer/changed[client=edgeos,attribute=Group Description,value=99]");
    assert_eq!((&is_down["at"], &is_down["down"]), (&"after the case".into(), &Value::from(true)));

    // That it fails is known, and that it is down is not.
    let path = scratch("down").join("known.json");
    let known = |down: &str| {
        let entry =
            format!("{{ \"match\": \"ike/delete/damaged*\"{down}, \"why\": \"it answers no Quick Mode\" }}");
        let text = format!("{{ \"format\": 1, \"subject\": \"self\", \"failures\": [ {entry} ] }}");
        fs::write(&path, text).expect("room for files");
        let path = path.to_str().expect("a path that is text");
        l2tpspec(&["run", "--known", path, "--fault", "ike-no-quick-2", case]).status.code()
    };
    assert_eq!(known(""), Some(1));
    assert_eq!(known(", \"down\": true"), Some(0));
}

#[test]
fn failures_of_the_same_daemons_are_written_once() {
    let folder = scratch("also");
    let write = |name: &str, more: &str| {
        let text = format!("{{ \"format\": 1, \"subject\": \"self\", {more} }}");
        fs::write(folder.join(name), text).expect("room for files");
    };
    let entry = "\"failures\": [ { \"match\": \"l2tp/sccrq/window-zero*\", \"why\": \"it says no SCCRP\" } ]";
    write("daemon.json", entry);
    write("subject.json", "\"also\": [\"daemon.json\"], \"failures\": []");
    write("beyond.json", "\"also\": [\"subject.json\"], \"failures\": []");
    write("alone.json", "\"failures\": []");
    let run = |name: &str| {
        let path = folder.join(name);
        let path = path.to_str().expect("a path that is text");
        l2tpspec(&["run", "--json", "--known", path, "l2tp/sccrq/window-zero"])
    };
    let verdict = |name: &str| lines(&run(name))[0]["verdict"].clone();
    assert_eq!((verdict("subject.json"), verdict("alone.json")), ("unexpected-pass".into(), "pass".into()));
    let beyond = run("beyond.json");
    assert_eq!(beyond.status.code(), Some(2));
    let said = errors(&beyond);
    assert!(said.contains("subject.json") && said.contains("daemon.json") && said.contains("hint"), "{said}");
}
