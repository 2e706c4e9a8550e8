//! A tiny HTTP server on a free port of this machine, which answers as it is told.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longer than anything here takes, even on a machine that is busy with other work.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How a request is answered.
#[derive(Clone)]
pub(crate) enum Answer {
    /// With these bytes, after which the connection is closed.
    Bytes(Vec<u8>),
    /// Not at all: the connection stays open until the client gives up.
    Nothing,
}

pub(crate) struct Server {
    port: u16,
    answer: Arc<Mutex<Answer>>,
    /// One message for each request that was read.
    asked: Receiver<()>,
    /// One message for each request that was answered, or given up by the client.
    done: Receiver<()>,
}

impl Server {
    /// Listens. Each connection has a thread, and all of them end with the test's process.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().unwrap().port();
        let answer = Arc::new(Mutex::new(Answer::Nothing));
        let ((ask, asked), (sender, done)) = (channel(), channel());
        let shared = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, ask, done) = (shared.lock().unwrap().clone(), ask.clone(), sender.clone());
                std::thread::spawn(move || serve(stream.expect("a connection"), &answer, &ask, &done));
            }
        });
        Self { port, answer, asked, done }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/now?key=secret", self.port)
    }

    pub(crate) fn set(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// From now on answers with this status and body.
    pub(crate) fn answer_always(&self, status: &str, body: &str) {
        let length = body.len();
        self.answer_raw(&format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ));
    }

    pub(crate) fn answer_raw(&self, answer: &str) {
        self.set(Answer::Bytes(answer.as_bytes().to_vec()));
    }

    /// Waits until one more request is read, answered or not.
    pub(crate) fn wait_for_question(&self) {
        self.asked.recv_timeout(PATIENCE).expect("a question in time");
    }

    /// Waits until one more request is done with.
    pub(crate) fn wait(&self) {
        self.done.recv_timeout(PATIENCE).expect("a request in time");
    }

    /// Waits until `polls` requests that came after this call are done with.
    pub(crate) fn wait_for_new(&self, polls: usize) {
        while self.done.try_recv().is_ok() {}
        // One may have been answered before the answer was changed.
        (0..=polls).for_each(|_| self.wait());
    }
}

fn serve(mut stream: TcpStream, answer: &Answer, asked: &Sender<()>, done: &Sender<()>) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    // The test may have ended already, here and below.
    let _ = asked.send(());
    match answer {
        // A client that has heard enough hangs up; that is its affair.
        Answer::Bytes(bytes) => drop(stream.write_all(bytes)),
        Answer::Nothing => drop(lines.next()),
    }
    let _ = done.send(());
}
