//! The way through another host: one `ssh` per window, its words on failure, and its end with the window.

use super::{Shifted, call, connected, options, profile, until};
use crate::wire::Wire;
use serde_json::json;
use std::{os::unix::fs::PermissionsExt, path::Path, time::Duration};
use support::roles::set_up;
use weir_contract::model::profile::{SshTunnel, StepKind, StepOutcome};
use weir_gateway::attach::{Attached, walk};

/// Stands in for ssh where no server for it runs: takes the same arguments, and forwards the socket that `-L` names.
const FORWARDER: &str = r#"#!/usr/bin/env python3
import os, socket, sys, threading
here = os.path.dirname(os.path.abspath(__file__))
line = sys.argv[1:]
open(os.path.join(here, "line"), "a").write("\n".join(line) + "\n\n")
open(os.path.join(here, "pid"), "w").write(str(os.getpid()))
path, host, port = line[line.index("-L") + 1].rsplit(":", 2)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(16)
def pump(a, b):
    try:
        while (piece := a.recv(65536)):
            b.sendall(piece)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
while True:
    client, _ = listener.accept()
    server = socket.create_connection((host, int(port)))
    threading.Thread(target=pump, args=(client, server), daemon=True).start()
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
"#;

fn program(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("ssh");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn runs(pid: &str) -> bool {
    Path::new("/proc")
        .join(pid.trim())
        .join("cmdline")
        .metadata()
        .is_ok()
        && std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
            .is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_through_ssh_works_comes_back_and_takes_ssh_along() {
    let database = set_up().await;
    let wire = Wire::lay().await;
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(Shifted::new());
    options.ssh = program(folder.path(), FORWARDER);
    let mut through = profile(wire.port, &database);
    through.ssh = Some(SshTunnel {
        host: "bastion.example.com".to_owned(),
        user: "ana".to_owned(),
        port: 2222,
        jump: "gate.example.com".to_owned(),
    });
    let (steps, window) = Attached::connect(through, options).await;
    let window = window.unwrap_or_else(|problem| panic!("{problem}: {steps:#?}"));
    assert_eq!(
        steps
            .iter()
            .find(|step| step.kind == StepKind::Ssh)
            .unwrap()
            .outcome,
        StepOutcome::Ok
    );
    call(&window, "caps.list", json!({})).await.unwrap();
    let line = std::fs::read_to_string(folder.path().join("line")).unwrap();
    assert!(
        line.starts_with("-N\n")
            && line.contains("BatchMode=yes")
            && line.trim_end().ends_with("--\nbastion.example.com"),
        "{line}"
    );

    // ssh dies, and another takes its place.
    let first = std::fs::read_to_string(folder.path().join("pid")).unwrap();
    assert!(
        std::process::Command::new("kill")
            .args(["-9", &first])
            .status()
            .unwrap()
            .success()
    );
    until(Duration::from_secs(20), async || window.state().lost.is_some()).await;
    // Longer than on a plain network: a program has to start, and the real one logs in.
    until(Duration::from_secs(20), async || window.state().lost.is_none()).await;
    call(&window, "caps.list", json!({})).await.unwrap();

    let second = std::fs::read_to_string(folder.path().join("pid")).unwrap();
    assert_ne!(first, second);
    assert!(runs(&second));
    window.close().await;
    until(Duration::from_secs(20), async || !runs(&second)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ssh_says_is_told() {
    let database = set_up().await;
    let wire = Wire::lay().await;
    let mut through = profile(wire.port, &database);
    // The system's own ssh, to a port where nobody listens.
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    through.ssh = Some(SshTunnel {
        host: "127.0.0.1".to_owned(),
        port: unused.local_addr().unwrap().port(),
        ..SshTunnel::default()
    });
    drop(unused);
    let steps = walk(&through, &options(Shifted::new())).await.leave().await;
    let step = steps.iter().find(|step| step.kind == StepKind::Ssh).unwrap();
    assert_eq!(step.outcome, StepOutcome::Failed, "{steps:#?}");
    assert!(step.said.contains("refused"), "{step:?}");

    let folder = tempfile::tempdir().unwrap();
    let mut options = options(Shifted::new());
    options.ssh = program(
        folder.path(),
        "#!/bin/sh\necho 'ana@bastion: Permission denied (publickey).' >&2\nexit 255\n",
    );
    let (steps, window) = Attached::connect(through, options).await;
    assert!(window.is_err());
    let step = steps.iter().find(|step| step.kind == StepKind::Ssh).unwrap();
    assert!(step.said.contains("Permission denied"), "{step:?}");
    // Without a tunnel there is nothing left over that a direct connection would mind.
    connected(&wire, &database, Shifted::new()).await.close().await;
}
