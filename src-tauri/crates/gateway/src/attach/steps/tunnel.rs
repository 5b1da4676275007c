//! A way through another host, by the system's own `ssh`: its configuration, agent, keys and known hosts.
//!
//! It forwards a socket in a private folder, so that no other user of this machine can use the tunnel, no port has to be
//! chosen, and the certificate is still checked for the database's own host.

use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
    time::Instant,
};
use weir_contract::model::profile::SshTunnel;

/// Several hosts on the way, each with its own login.
const READY_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What is kept of ssh's own words.
const LONGEST_SAID_BYTES: usize = 2_000;

/// A running tunnel. Dropping it ends ssh and removes the socket.
pub(in crate::attach) struct Tunnel {
    ssh: Child,
    folder: TempDir,
}

/// The arguments: nothing of a profile ever goes through a shell.
fn arguments(tunnel: &SshTunnel, socket: &str, host: &str, port: u16) -> Vec<String> {
    let mut arguments: Vec<String> = ["-N", "-T"].map(str::to_owned).into();
    for option in [
        // Nobody sits there to answer questions.
        "BatchMode=yes",
        "ExitOnForwardFailure=yes",
        "ConnectTimeout=5",
        "ServerAliveInterval=2",
        "ServerAliveCountMax=2",
        "StreamLocalBindMask=0177",
        // One that was shared would outlive this window.
        "ControlPath=none",
        "ForwardAgent=no",
    ] {
        arguments.extend(["-o".to_owned(), option.to_owned()]);
    }
    if tunnel.port != 0 {
        arguments.extend(["-p".to_owned(), tunnel.port.to_string()]);
    }
    if !tunnel.user.is_empty() {
        arguments.extend(["-l".to_owned(), tunnel.user.clone()]);
    }
    if !tunnel.jump.is_empty() {
        arguments.extend(["-J".to_owned(), tunnel.jump.clone()]);
    }
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    arguments.extend(["-L".to_owned(), format!("{socket}:{host}:{port}")]);
    arguments.extend(["--".to_owned(), tunnel.host.clone()]);
    arguments
}

impl Tunnel {
    /// Starts ssh (`program`) and waits until it forwards to this host and port.
    ///
    /// # Errors
    /// What ssh said.
    pub(in crate::attach) async fn open(
        program: &Path,
        tunnel: &SshTunnel,
        host: &str,
        port: u16,
    ) -> Result<Tunnel, String> {
        if !cfg!(unix) {
            return Err("tunnels need sockets of files, which this system does not have".to_owned());
        }
        let folder = tempfile::Builder::new()
            .prefix("weir-tunnel-")
            .tempdir()
            .map_err(|problem| format!("no folder for the tunnel's socket: {problem}"))?;
        let socket = folder.path().join(format!(".s.PGSQL.{port}"));
        let name = socket
            .to_str()
            .ok_or("the temporary folder's name is not written in UTF-8")?;
        let mut ssh = Command::new(program)
            .args(arguments(tunnel, name, host, port))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|problem| format!("{} could not be started: {problem}", program.display()))?;
        let said = Arc::new(Mutex::new(String::new()));
        if let Some(mut stderr) = ssh.stderr.take() {
            let said = said.clone();
            tokio::spawn(async move {
                let mut piece = [0_u8; 512];
                while let Ok(length @ 1..) = stderr.read(&mut piece).await {
                    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                    if said.len() < LONGEST_SAID_BYTES {
                        said.push_str(&String::from_utf8_lossy(&piece[..length]));
                    }
                }
            });
        }
        let give_up = Instant::now() + READY_WITHIN;
        let mut tunnel = Tunnel { ssh, folder };
        loop {
            // ssh makes the socket once it is logged in.
            if socket.exists() {
                return Ok(tunnel);
            }
            let ended = !tunnel.is_alive();
            if ended || Instant::now() > give_up {
                tokio::time::sleep(LOOK_EVERY).await;
                let said = said
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .trim()
                    .to_owned();
                let else_said = if ended {
                    "ssh ended without a word"
                } else {
                    "ssh was not ready within 20 s"
                };
                return Err(if said.is_empty() {
                    else_said.to_owned()
                } else {
                    said
                });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The folder with the socket `.s.PGSQL.<port>`.
    pub(in crate::attach) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// False once ssh has ended.
    pub(in crate::attach) fn is_alive(&mut self) -> bool {
        matches!(self.ssh.try_wait(), Ok(None))
    }
}

#[cfg(test)]
mod tests {
    use super::{SshTunnel, arguments};

    #[test]
    fn everything_is_an_argument_of_its_own() {
        let tunnel = SshTunnel {
            host: "bastion".to_owned(),
            user: "ana".to_owned(),
            port: 2222,
            jump: "gate".to_owned(),
        };
        let line = arguments(&tunnel, "/t/.s.PGSQL.5432", "2001:db8::1", 5432);
        let has = |pair: [&str; 2]| line.windows(2).any(|two| two == pair);
        assert!(has(["-o", "BatchMode=yes"]) && has(["-o", "ExitOnForwardFailure=yes"]));
        assert!(has(["-p", "2222"]) && has(["-l", "ana"]) && has(["-J", "gate"]));
        assert!(has(["-L", "/t/.s.PGSQL.5432:[2001:db8::1]:5432"]));
        assert_eq!(line[line.len() - 2..], ["--", "bastion"]);
        let plain = arguments(
            &SshTunnel {
                host: "b".to_owned(),
                ..SshTunnel::default()
            },
            "s",
            "db",
            1,
        );
        assert!(
            !plain
                .iter()
                .any(|part| part == "-p" || part == "-l" || part == "-J")
        );
    }
}
