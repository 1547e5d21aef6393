// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Vm} from "./Vm.sol";
import {UpgradeOperator} from "../src/UpgradeOperator.sol";

/// A contract with an owner and one guardian, and the shorthands of all tests.
abstract contract Base {
    Vm internal constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    bool public constant IS_TEST = true;

    uint64 internal constant D = 48 hours;
    uint64 internal constant START = 1_700_000_000;
    bytes32 internal constant KIND = keccak256("replicatoor-release");
    bytes32 internal constant GUARDIAN_KIND = keccak256("guardian");
    bytes32 internal constant V = keccak256("a value");
    address internal owner = address(0xA11CE);
    address internal guardian = address(0x6A4D);
    UpgradeOperator internal u;

    function setUp() public virtual {
        vm.warp(START);
        UpgradeOperator.Genesis[] memory g = new UpgradeOperator.Genesis[](1);
        g[0] = UpgradeOperator.Genesis(GUARDIAN_KIND, word(guardian), "on call");
        u = new UpgradeOperator(owner, D, g);
    }

    function word(address a) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(a)));
    }

    function t() internal view returns (uint64) {
        return uint64(block.timestamp);
    }

    function pass(uint256 seconds_) internal {
        vm.warp(block.timestamp + seconds_);
    }

    function bound(uint256 x, uint256 lo, uint256 hi) internal pure returns (uint256) {
        return lo + x % (hi - lo + 1);
    }

    function propose(bytes32 kind, bytes32 value) internal {
        vm.prank(owner);
        u.propose(kind, value, 0, 0, "");
    }

    function approve(bytes32 kind, bytes32 value) internal {
        propose(kind, value);
        pass(D);
    }

    function revokeAs(address who, bytes32 kind, bytes32 value) internal {
        vm.prank(who);
        u.revoke(kind, value, "");
    }

    function status(bytes32 kind, bytes32 value) internal view returns (UpgradeOperator.Status s) {
        (, s) = u.entry(kind, value);
    }

    function expectStatus(bytes32 kind, bytes32 value, UpgradeOperator.Status want) internal view {
        vm.assertTrue(status(kind, value) == want);
        vm.assertTrue(u.isApproved(kind, value) == (want == UpgradeOperator.Status.Active));
    }

    /// The word of an entry, read as a client reads it.
    function rawEntry(bytes32 kind, bytes32 value) internal view returns (uint256) {
        return uint256(vm.load(address(u), keccak256(abi.encode(value, keccak256(abi.encode(kind, uint256(2)))))));
    }

    /// The identity public of a key: ed25519 part made up, then the compressed secp256k1 key.
    function publicOf(bytes1 prefix, uint256 x) internal pure returns (bytes memory) {
        return abi.encodePacked(keccak256("ed25519"), prefix, x);
    }
}
