//! Programs over a real channel: the agents, and the example in Python.

use maxwell_agents::abi;
use maxwell_agents::channel::{CHANNEL_FD_VARIABLE, Request};
use maxwell_agents::scientist::{Tally, tally};
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program whose standard input is its channel: any descriptor will do that the environment names.
struct Cell {
    program: Child,
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

impl Cell {
    fn start(command: &mut Command) -> Self {
        let (stream, theirs) = UnixStream::pair().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let program = command
            .env(CHANNEL_FD_VARIABLE, "0")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The command holds the program's end of the channel until it is given another.
        command.stdin(Stdio::null());
        let lines = BufReader::new(stream.try_clone().unwrap());
        Self { program, stream, lines }
    }

    /// Answers requests until `answer` has nothing to say or the program is gone; then what it asked for last.
    fn serve(&mut self, mut answer: impl FnMut(Request<'_>) -> Option<i64>) {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            let request = Request::parse(line.trim_end_matches('\n').as_bytes()).expect("a request");
            let Some(number) = answer(request) else { return };
            writeln!(self.stream, "{number}").unwrap();
            line.clear();
        }
    }

    /// Exit code and standard output.
    fn end(mut self) -> (Option<i32>, String) {
        drop((self.stream, self.lines));
        drop(self.program.stdin.take());
        let output = self.program.wait_with_output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }
}

/// What a node heard of a program that it gave three ranges.
#[derive(Debug, Default)]
struct Heard {
    orders: Vec<(i64, i32)>,
    claims: Vec<(i64, i32, i64)>,
    last_words: String,
}

/// Runs a program on the ranges 0, 1 and 2, after which there are no more.
fn heard_of(command: &mut Command) -> Heard {
    let mut cell = Cell::start(command);
    let (mut heard, mut ranges) = (Heard::default(), 0..3);
    cell.serve(|request| {
        Some(match request {
            Request::Price(_) | Request::Balance | Request::Notice => 0,
            Request::Lease => ranges.next().unwrap_or(i64::from(abi::E_GONE)),
            Request::SetBid { limit_uj, slots } => {
                heard.orders.push((limit_uj, slots));
                0
            }
            Request::Claim { range, count, sum } => {
                heard.claims.push((range, count, sum));
                0
            }
            Request::Log(text) => {
                text.clone_into(&mut heard.last_words);
                0
            }
            // None of them looks for other bounties.
            Request::Bounty(_) | Request::RewardOf(_) | Request::LeaseOf(_) | Request::ClaimOf { .. } => {
                i64::from(abi::E_GONE)
            }
        })
    });
    assert_eq!(cell.end(), (Some(0), String::new()));
    heard
}

fn truth(range: u64) -> (i64, i32, i64) {
    let Tally { count, sum } = tally::<Infallible>(range, || Ok(())).unwrap();
    (range as i64, count as i32, sum as i64)
}

#[test]
fn the_scientist_bids_leases_claims_and_says_its_last_words() {
    let mut scientist = Command::new(env!("CARGO_BIN_EXE_scientist"));
    let heard = heard_of(scientist.args(["--bid-uj", "600000", "--slots", "2"]));
    assert_eq!(heard.orders, [(600_000, 2)]);
    assert_eq!(heard.claims, [0, 1, 2].map(truth));
    let primes: i32 = heard.claims.iter().map(|claim| claim.1).sum();
    assert_eq!(heard.last_words, format!("done (the bounty is closed): primes {primes} ranges 3"));
}

#[test]
fn the_cheat_claims_without_having_searched() {
    let heard = heard_of(&mut Command::new(env!("CARGO_BIN_EXE_cheat")));
    assert_eq!(heard.claims.len(), 3);
    assert!(heard.claims.iter().zip([0, 1, 2].map(truth)).all(|(claim, truth)| *claim != truth));
    assert_eq!(heard.last_words, "done (the bounty is closed): claims 3");
}

#[test]
fn an_agent_ends_when_its_node_does() {
    for program in
        [env!("CARGO_BIN_EXE_miner"), env!("CARGO_BIN_EXE_sleeper"), env!("CARGO_BIN_EXE_scientist")]
    {
        let mut cell = Cell::start(&mut Command::new(program));
        let mut requests = 0;
        cell.serve(|_| {
            requests += 1;
            (requests == 1).then_some(0)
        });
        assert_eq!(cell.end().0, Some(0), "{program}");
    }
}

#[test]
fn a_channel_that_is_none_is_told_in_words() {
    let pipe = "a pipe is no socket";
    for (value, stdin) in
        [("1000", ""), ("three", ""), ("-1", ""), ("", ""), ("99999999999", ""), ("0", pipe)]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_scientist"))
            .env(CHANNEL_FD_VARIABLE, value)
            .stdin(if stdin.is_empty() { Stdio::null() } else { Stdio::piped() })
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.starts_with(&format!("MAXWELL_CHANNEL_FD is `{value}`, which is not the number")),
            "{said}"
        );
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn the_example_in_python_claims_what_is_true() {
    if let Err(error) = Command::new("python3").arg("--version").output() {
        eprintln!("skipped, because python3 cannot be run: {error}");
        return;
    }
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/scientist.py");
    let heard = heard_of(Command::new("python3").arg(example));
    assert_eq!(heard.claims, [0, 1, 2].map(truth));
    let primes: i32 = heard.claims.iter().map(|claim| claim.1).sum();
    assert_eq!(heard.last_words, format!("primes {primes}"));
}
