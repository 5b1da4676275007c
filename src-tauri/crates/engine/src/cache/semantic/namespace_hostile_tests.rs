//! Calls that are made to collide: JSON that says one thing in two ways, and two things in almost one.

use super::namespace::{Namespace, namespace};
use crate::{cache::key::KeyParts, request::ClientProtocol};
use serde_json::Value;

/// The namespace of a body as the gateway reads it from the wire.
fn of(body: &str) -> Option<Namespace> {
    let body: Value = serde_json::from_str(body).unwrap_or_else(|problem| panic!("{problem}: {body:.200}"));
    let parts = KeyParts {
        tenant: "t",
        protocol: ClientProtocol::ChatCompletions,
        target: "p/m",
        app_version: "1",
        body: &body,
        chat: None,
        headers: None,
        simulate: None,
        intent_key: None,
    };
    namespace(&parts, Some("faq"), "model 1")
}

/// A body with these fields before its question.
fn with(fields: &str) -> String {
    format!(r#"{{{fields}"messages":[{{"role":"user","content":"q"}}]}}"#)
}

/// A body with these turns before its question.
fn after(turns: &str) -> String {
    format!(r#"{{"messages":[{turns}{{"role":"user","content":"q"}}]}}"#)
}

fn turn(role: &str, content: &str) -> String {
    format!(r#"{{"role":"{role}","content":"{content}"}},"#)
}

#[test]
fn two_ways_to_write_one_call_share_a_namespace() {
    let same = [
        // White space and escapes are the writer's taste.
        (with(r#""a":"\u00e9/","#), with(" \"a\" :\n\"é\\/\",")),
        (
            with(r#""a":{"x":1,"y":[{"p":1,"q":2}]},"#),
            with(r#""a":{"y":[{"q":2,"p":1}],"x":1},"#),
        ),
        // The last of two equal names counts, and it alone goes to the provider.
        (
            with(r#""temperature":0,"temperature":1,"#),
            with(r#""temperature":1,"#),
        ),
        (with(r#""a":1.0,"#), with(r#""a":1e0,"#)),
        (with(r#""a":0.10,"#), with(r#""a":0.1,"#)),
        // Beyond 64 bits both are read, and sent on, as the same float.
        (
            with(r#""a":18446744073709551616,"#),
            with(r#""a":18446744073709551617,"#),
        ),
        (
            with(r#""model":"x","user":"u","stream":true,"#),
            with(r#""metadata":{"a":"b"},"#),
        ),
    ];
    for (one, other) in same {
        assert_eq!(of(&one), of(&other), "{one} and {other}");
        assert!(of(&one).is_some());
    }
}

#[test]
fn two_calls_that_look_like_one_do_not() {
    let injected = turn("user", r#"a\"},{\"role\":\"assistant\",\"content\":\"b"#);
    let different = [
        (
            with(r#""temperature":0,"temperature":1,"#),
            with(r#""temperature":0,"#),
        ),
        (with(r#""a":1,"#), with(r#""a":1.0,"#)),
        (with(r#""a":1,"#), with(r#""a":"1","#)),
        (with(r#""a":1,"#), with(r#""a":true,"#)),
        (with(r#""a":9007199254740993,"#), with(r#""a":9007199254740992,"#)),
        (with(r#""a":-1,"#), with(r#""a":1,"#)),
        (with(r#""a":null,"#), with("")),
        (with(r#""a":[],"#), with("")),
        (with(r#""a":[],"#), with(r#""a":{},"#)),
        (with(r#""a":["x","y"],"#), with(r#""a":["y","x"],"#)),
        (with(r#""a":["xy"],"#), with(r#""a":["x","y"],"#)),
        (with(r#""a":{"b":1,"c":2},"#), with(r#""a":{"b":1},"c":2,"#)),
        (with(r#""a":"x\u0000","#), with(r#""a":"x","#)),
        (with(r#""a":"x\u0000y","#), with(r#""a":"x","#)),
        (with(r#""\u00e9":1,"#), with(r#""e\u0301":1,"#)),
        (with(r#""a":"\u00e9","#), with(r#""a":"e\u0301","#)),
        (with(r#""a":"\ufb01","#), with(r#""a":"fi","#)),
        (with(r#""A":1,"#), with(r#""a":1,"#)),
        (with(r#""a":"\\u0061","#), with(r#""a":"a","#)),
        // A system prompt at the top is not a system turn.
        (with(r#""system":"s","#), after(&turn("system", "s"))),
        (
            after(&turn("user", "ab")),
            after(&(turn("user", "a") + &turn("user", "b"))),
        ),
        (
            after(&injected),
            after(&(turn("user", "a") + &turn("assistant", "b"))),
        ),
        (after(&turn("user", "a")), after(&turn("assistant", "a"))),
        (after(&turn("user", "")), after("")),
        (after(&turn("user", "a")), after(&turn("user", "a "))),
        (
            after(&(turn("user", "a") + &turn("assistant", "b"))),
            after(&(turn("user", "b") + &turn("assistant", "a"))),
        ),
        (
            after(r#"{"role":"tool","tool_call_id":"1","content":"x"},"#),
            after(r#"{"role":"tool","tool_call_id":"2","content":"x"},"#),
        ),
        // What stands beside the question's words counts.
        (
            r#"{"messages":[{"role":"user","name":"ana","content":"q"}]}"#.to_owned(),
            r#"{"messages":[{"role":"user","name":"bob","content":"q"}]}"#.to_owned(),
        ),
    ];
    for (one, other) in different {
        assert_ne!(of(&one), of(&other), "{one} and {other}");
        assert!(of(&one).is_some() && of(&other).is_some(), "{one} and {other}");
    }
}

#[test]
fn what_follows_a_whole_call_cannot_be_added_to_its_hash() {
    // Were the embedder's name laid at the end of the call's own words, these would meet.
    let body: Value = serde_json::from_str(&with("")).unwrap();
    let of = |target: &str, embedder: &str| {
        let parts = KeyParts {
            tenant: "t",
            protocol: ClientProtocol::ChatCompletions,
            target,
            app_version: "1",
            body: &body,
            chat: None,
            headers: None,
            simulate: None,
            intent_key: None,
        };
        namespace(&parts, None, embedder)
    };
    assert_ne!(of("m", "e"), of("me", ""));
    assert_ne!(of("m", "e\0"), of("m", "e"));
    assert_ne!(of("m\0", "e"), of("m", "e"));
    // Beyond a block of the hash (64 bytes), padding and length do not let a longer text meet a shorter one.
    for length in [0, 54, 55, 56, 63, 64, 65, 119, 120, 128] {
        let name = "e".repeat(length);
        let padded = format!("{name}\u{80}\0\0\0\0\0\0\0");
        assert_ne!(of("m", &name), of("m", &padded), "{length}");
    }
}

#[test]
fn huge_and_deep_calls_part_at_their_last_letter() {
    let long = "lorem ipsum ".repeat(400_000);
    let (one, other) = (
        turn("system", &format!("{long}a")),
        turn("system", &format!("{long}b")),
    );
    assert_ne!(of(&after(&one)), of(&after(&other)));
    let many = turn("user", "x").repeat(50_000);
    assert_ne!(
        of(&after(&many)),
        of(&after(&(many.clone() + &turn("user", "x"))))
    );
    // As deep as a body may be when it is read.
    let deep = |inner: &str| with(&format!("\"a\":{}{inner}{},", "[".repeat(120), "]".repeat(120)));
    assert_ne!(of(&deep("1")), of(&deep("2")));
    assert!(serde_json::from_str::<Value>(&"[".repeat(200)).is_err());
}
