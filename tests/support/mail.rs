//! A mail server of our own: speaks SMTP on loopback, keeps what it takes, and fails in the ways mail servers do.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What one conversation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailFault {
    /// 451 to the addressee, as greylisting does.
    Later,
    /// Breaks off after the whole mail, before saying whether it is taken.
    HangsUp,
    /// 535 to every password.
    WrongPassword,
}

/// A mail that was taken.
#[derive(Debug, Clone, Default)]
pub struct TakenMail {
    pub from: String,
    pub to: Vec<String>,
    /// User and password, where they were given.
    pub login: Option<(String, String)>,
    pub text: String,
}

/// Runs until it is dropped.
pub struct MailServer {
    pub port: u16,
    taken: Arc<Mutex<Vec<TakenMail>>>,
    conversations: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl MailServer {
    /// The first conversations go wrong like this, one fault each; the others go well.
    pub async fn start(faults: &[MailFault]) -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let conversations = Arc::new(Mutex::new(0));
        let mut faults: VecDeque<MailFault> = faults.iter().copied().collect();
        let (kept, counted) = (taken.clone(), conversations.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *counted.lock().unwrap() += 1;
                let (fault, kept) = (faults.pop_front(), kept.clone());
                tokio::spawn(async move {
                    // A client that leaves ends its conversation, nothing more.
                    let _ = converse(stream, fault, &kept).await;
                });
            }
        });
        MailServer {
            port,
            taken,
            conversations,
            task,
        }
    }

    /// Mails that were taken.
    #[must_use]
    pub fn taken(&self) -> Vec<TakenMail> {
        self.taken.lock().unwrap().clone()
    }

    /// Conversations that were begun.
    #[must_use]
    pub fn conversations(&self) -> usize {
        *self.conversations.lock().unwrap()
    }
}

async fn converse(
    stream: TcpStream,
    fault: Option<MailFault>,
    kept: &Mutex<Vec<TakenMail>>,
) -> std::io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    let mut mail = TakenMail::default();
    writing.write_all(b"220 mail.test ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let word = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let answer = match word.as_str() {
            "EHLO" => "250-mail.test\r\n250 AUTH PLAIN LOGIN",
            "AUTH" => {
                mail.login = login(&line);
                match fault {
                    Some(MailFault::WrongPassword) => "535 5.7.8 wrong user or password",
                    _ => "235 2.7.0 welcome",
                }
            }
            "MAIL" => {
                mail.from = between(&line);
                "250 ok"
            }
            "RCPT" if fault == Some(MailFault::Later) => "451 4.7.1 greylisted, come back later",
            "RCPT" => {
                mail.to.push(between(&line));
                "250 ok"
            }
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await?;
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    mail.text.push_str(&line);
                    mail.text.push('\n');
                }
                if fault == Some(MailFault::HangsUp) {
                    return Ok(());
                }
                kept.lock().unwrap().push(std::mem::take(&mut mail));
                "250 2.0.0 taken"
            }
            "QUIT" => {
                writing.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 not here",
        };
        writing.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// `AUTH PLAIN` with its initial answer: nothing, user and password, parted by zero bytes.
fn login(line: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(line.split(' ').nth(2)?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let mut parts = text.split('\0').skip(1);
    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
}

fn between(line: &str) -> String {
    let start = line.find('<').map_or(0, |at| at + 1);
    let end = line.find('>').unwrap_or(line.len());
    line[start..end].to_owned()
}
