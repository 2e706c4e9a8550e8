//! The processors of the fixture machines.

use crate::common::tree::{self, plant, remove, rewrite};
use maxwell_physics::cpu::{Processor, Processors, Vendor};

fn identify(text: &str) -> Processors {
    Processors::identify(plant(text).path()).unwrap()
}

fn numbers(processors: &[Processor]) -> Vec<u32> {
    processors.iter().map(|processor| processor.number).collect()
}

#[test]
fn threads_share_cores_and_core_numbers_have_gaps() {
    let desktop = identify(tree::INTEL_DESKTOP);
    assert_eq!((desktop.vendor, desktop.family, desktop.model), (Vendor::Intel, 6, 151));
    assert_eq!((desktop.online.len(), desktop.assumed.clone()), (12, None));
    assert_eq!(numbers(&desktop.one_per_package()), [0]);
    assert_eq!(numbers(&desktop.one_per_core()), [0, 2, 4, 6, 8, 10]);
}

#[test]
fn sockets_whose_processors_take_turns() {
    let server = identify(tree::INTEL_SERVER_2S);
    assert_eq!(numbers(&server.one_per_package()), [0, 1]);
    assert_eq!(numbers(&server.one_per_core()), [0, 2, 4, 6, 1, 3, 5, 7]);
    assert_eq!(server.get(5).map(|processor| (processor.package, processor.core)), Some((1, 4)));
}

#[test]
fn amd_by_its_family() {
    let epyc = identify(tree::AMD_EPYC);
    assert_eq!((epyc.vendor, epyc.family, epyc.model), (Vendor::Amd, 25, 1));
    assert_eq!(numbers(&epyc.one_per_core()), [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn arm_says_no_vendor() {
    let board = identify(tree::ARM_BOARD);
    assert_eq!((board.vendor, board.family, board.model), (Vendor::Other, 0, 0));
    assert_eq!(board.online.len(), 6);
}

#[test]
fn a_processor_that_is_offline_is_not_read() {
    let root = plant(tree::INTEL_SERVER_2S);
    rewrite(root.path(), "sys/devices/system/cpu/online", "0,2-7\n");
    remove(root.path(), "sys/devices/system/cpu/cpu1");
    let server = Processors::identify(root.path()).unwrap();
    assert_eq!(numbers(&server.one_per_package()), [0, 3]);
    assert_eq!(server.assumed, None);
}

#[test]
fn dies_of_one_package_are_told_apart() {
    let root = plant(tree::INTEL_SERVER_2S);
    for cpu in 0..8 {
        rewrite(root.path(), &format!("sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id"), "0\n");
        rewrite(
            root.path(),
            &format!("sys/devices/system/cpu/cpu{cpu}/topology/die_id"),
            format!("{}\n", cpu % 2),
        );
    }
    let server = Processors::identify(root.path()).unwrap();
    assert_eq!(numbers(&server.one_per_package()), [0]);
    assert_eq!(numbers(&server.one_per_die()), [0, 1]);
    assert_eq!(server.die_label(server.online[1]), "0 die 1");
}

#[test]
fn a_place_that_the_firmware_does_not_tell_is_assumed_and_said() {
    let root = plant(tree::ARM_BOARD);
    rewrite(root.path(), "sys/devices/system/cpu/cpu3/topology/physical_package_id", "-1\n");
    let board = Processors::identify(root.path()).unwrap();
    assert_eq!(numbers(&board.one_per_package()), [0]);
    assert!(board.assumed.unwrap().contains("1 of the"));
}
