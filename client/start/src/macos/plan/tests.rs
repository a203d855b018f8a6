use super::*;

/// A machine as it comes.
fn new() -> Found {
    Found { container: "disk3".into(), owner: Some("501:20".into()), ..Found::default() }
}

/// What a machine is like after these steps.
fn after(mut found: Found, steps: &[Step]) -> Found {
    for Step { action, .. } in steps {
        match action {
            Action::Write { path, text } if *path == SYNTHETIC => found.synthetic = text.clone(),
            Action::Write { text, .. } => found.fstab = text.clone(),
            Action::Run { arguments, .. } => match arguments[0].as_str() {
                "-t" => found.has_mount_point = lines(&found.synthetic).any(|line| line == "nix"),
                "apfs" => found.has_volume = arguments[1] == "addVolume",
                "mount" => found.mounted = (found.has_volume && found.has_mount_point).then(|| VOLUME.into()),
                "unmount" => found.mounted = None,
                "501:20" => found.is_given = found.mounted.is_some(),
                _ => {}
            },
        }
    }
    found
}

#[test]
fn a_machine_as_it_comes_gets_a_volume_at_nix() {
    let steps = up(&new());
    let names: Vec<_> = steps.iter().map(|step| step.name).collect();
    assert_eq!(
        names,
        [
            "having a volume mounted when the system starts",
            "asking the system for the mount point /nix",
            "making the mount point",
            "adding the volume",
            "mounting it",
            "having it keep owners",
            "giving it to the user"
        ]
    );
    let found = after(new(), &steps);
    assert_eq!((found.mounted.as_deref(), &*found.synthetic), (Some(VOLUME), "nix\n"));
    assert!(up(&found).is_empty());
}

#[test]
fn an_interrupted_run_is_gone_on_with_after_any_step() {
    let steps = up(&new());
    for done in 0..=steps.len() {
        let found = after(new(), &steps[..done]);
        let whole = after(found.clone(), &up(&found));
        assert!(whole.mounted.as_deref() == Some(VOLUME) && whole.is_given, "{done}");
        let gone = after(found.clone(), &down(&found));
        assert!(!gone.has_volume && gone.mounted.is_none() && gone.fstab.is_empty(), "{done}");
        assert!(gone.synthetic.is_empty(), "{done}");
    }
}

#[test]
fn others_lines_stay_as_they_are() {
    let mut machine = new();
    machine.synthetic = "run\tprivate/var/run".into();
    machine.fstab = "# mine\nUUID=1 none apfs noauto\n".into();
    let found = after(machine.clone(), &up(&machine));
    assert_eq!(found.synthetic, "run\tprivate/var/run\nnix\n");
    let gone = after(found.clone(), &down(&found));
    assert_eq!((gone.synthetic.trim_end(), gone.fstab), (&*machine.synthetic, machine.fstab));
}

#[test]
fn a_nix_that_others_made_is_used_and_never_removed() {
    let mut machine = new();
    machine.has_mount_point = true;
    machine.mounted = Some("Nix Store".into());
    machine.synthetic = "nix\n".into();
    machine.fstab = "UUID=2 /nix apfs rw,noauto\n".into();
    assert!(up(&machine).is_empty() && down(&machine).is_empty());
    assert_eq!(refusal(&machine, false), None);
    machine.mounted = None;
    assert!(refusal(&machine, true).unwrap().contains("another volume"));
}

#[test]
fn what_only_root_may_do_and_what_cannot_be_is_refused() {
    assert!(refusal(&new(), false).unwrap().contains("sudo"));
    assert_eq!(refusal(&new(), true), None);
    let link = Found { synthetic: "nix\tUsers/a/nix\n".into(), ..new() };
    assert!(refusal(&link, true).unwrap().contains("a link"));
}

#[test]
fn what_diskutil_says_is_read() {
    let plist =
        "<dict>\n<key>APFSContainerReference</key>\n<string>disk3</string>\n<key>MountPoint</key><string>/</string>
        <key>VolumeName</key><string>Macintosh HD</string></dict>";
    assert_eq!((container(plist), volume_name(plist)), (Some("disk3"), Some("Macintosh HD")));
    assert!(is_mounted_at(plist, Path::new("/")) && !is_mounted_at(plist, Path::new("/nix")));
    assert_eq!(container("<key>APFSContainerReference</key><string>disk3; rm</string>"), None);
    assert_eq!(container(""), None);
}
