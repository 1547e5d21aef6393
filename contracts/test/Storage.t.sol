// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Base} from "./Base.sol";
import {UpgradeOperator} from "../src/UpgradeOperator.sol";

/// STORAGE.md, read from the raw words as a client does, against what the views say.
contract StorageTest is Base {
    uint256 constant G1 = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 constant G2 = 0xC6047F9441ED7D6D3045406E95C07CD85C778E4B8CEF3CA7ABAC09B95C709EE5;

    function slot(uint256 n) internal view returns (uint256) {
        return uint256(vm.load(address(u), bytes32(n)));
    }

    function test_ownerAndPendingOwner() public {
        vm.assertEq(slot(0), uint160(owner));
        vm.assertEq(slot(1), 0);
        vm.prank(owner);
        u.transferOwnership(address(0xB0B));
        vm.assertEq(slot(1), uint256(START + D) << 160 | 0xB0B);
        vm.prank(guardian);
        u.cancelTransfer();
        vm.assertEq(slot(1), 0xB0B); // without a time the address means nothing
    }

    function test_entryAndList() public {
        vm.prank(owner);
        u.propose(KIND, V, 0, START + D + 100, "");
        vm.assertEq(
            rawEntry(KIND, V), uint256(2) << 192 | uint256(START) << 128 | uint256(START + D + 100) << 64 | START + D
        );
        vm.assertEq(slot(2), 0);
        vm.assertEq(slot(3), 2);
        uint256 list = uint256(keccak256(abi.encode(uint256(3))));
        vm.assertEq(bytes32(slot(list)), GUARDIAN_KIND);
        vm.assertEq(bytes32(slot(list + 1)), word(guardian));
        vm.assertEq(bytes32(slot(list + 2)), KIND);
        vm.assertEq(bytes32(slot(list + 3)), V);
    }

    function times(uint256 proposedAt, uint256 from, address xPub) internal pure returns (uint256) {
        return proposedAt << 208 | from << 160 | uint160(xPub);
    }

    function digest(uint256 x) internal pure returns (uint256) {
        return uint256(sha256(abi.encodePacked("replicatoor/v1/identity", publicOf(0x02, x))));
    }

    function set(uint256 x) internal {
        vm.prank(owner);
        u.setIdentity(publicOf(0x02, x), "");
    }

    function expectPins(uint256 d, uint256 dTimes, uint256 next, uint256 nextTimes) internal view {
        vm.assertEq(slot(4), d);
        vm.assertEq(slot(5), dTimes);
        vm.assertEq(slot(6), next);
        vm.assertEq(slot(7), nextTimes);
        // the rule of STORAGE.md
        bool isNext = slot(6) != 0 && uint48(slot(7) >> 160) <= block.timestamp;
        vm.assertEq(uint256(u.identity()), isNext ? slot(6) : slot(4));
        vm.assertEq(u.xPub(), address(uint160(isNext ? slot(7) : slot(5))));
    }

    function test_identity() public {
        expectPins(0, 0, 0, 0);
        set(G1);
        expectPins(digest(G1), times(START, START, vm.addr(1)), 0, 0);
        pass(50);
        set(G2);
        uint256 second = times(START + 50, START + 50 + D, vm.addr(2));
        expectPins(digest(G1), times(START, START, vm.addr(1)), digest(G2), second);
        pass(D - 1);
        expectPins(digest(G1), times(START, START, vm.addr(1)), digest(G2), second);
        pass(1);
        expectPins(digest(G1), times(START, START, vm.addr(1)), digest(G2), second);
        pass(7);
        set(G1);
        expectPins(digest(G2), second, digest(G1), times(t(), t() + D, vm.addr(1)));
        vm.prank(guardian);
        u.cancelIdentity("");
        expectPins(digest(G2), second, 0, 0);
    }

    function test_minEpoch() public {
        vm.assertEq(slot(8), 0);
        vm.prank(owner);
        u.raiseMinEpoch(9);
        vm.assertEq(slot(8), 9);
        vm.assertEq(slot(9), 0);
    }

    /// The table of constants.
    function test_kinds() public view {
        string[10] memory names = [
            "replicatoor-release",
            "source",
            "config",
            "device",
            "tcb-status",
            "tolerated-advisory",
            "compose-hash",
            "os-image",
            "mrtd-tuple",
            "guardian"
        ];
        bytes32[10] memory inner = [
            bytes32(0xfac63f9316365aa88c58eb5f3ba60ae77efa92addec2fff56de1e914cb4831d5),
            0x4d607df40b60c6906b82f8a710bde2418b3ba373beaab40097da7a43e9b29e7f,
            0x2fe16bc9c5ea65ba348b346bd24fcb761c8ef4cb717bc7c4ee41fdc647be317b,
            0xe6f796d04036ef36d973680f3922d2229f70325c2e11a5ec1f56f74fde2c4152,
            0x69ba5203476f07b0bc15cd1ae40e6ed1a3e03dae7cf8a018a61eec3c70b974c1,
            0x386a01c5b4c9ba217ae4236962d6b92f43a6afae4f4fd97c2bca86364a761509,
            0x6d2d99567d0fd720dbdb7f823962010bcccb081db36c29bb3414d4942f64492a,
            0x4c56f4a48f75a134db7c8a3c8ffd5ef96c69af3b06d9089c6c3473670a8a53af,
            0x092aa206c6c1fbc59e73c388f3d0e24c6b17687e35e4007337b73139b8b30875,
            0xcc766cec74a6b9b65e8b91e135759a4bdfc1b4956ec35e9932cbb001a58751fa
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            vm.assertEq(keccak256(abi.encode(keccak256(bytes(names[i])), uint256(2))), inner[i]);
        }
        vm.assertEq(u.KIND_RELEASE(), keccak256("replicatoor-release"));
        vm.assertEq(u.KIND_DEVICE(), keccak256("device"));
        vm.assertEq(u.KIND_TCB(), keccak256("tcb-status"));
        vm.assertEq(u.KIND_ADVISORY(), keccak256("tolerated-advisory"));
        vm.assertEq(u.KIND_COMPOSE(), keccak256("compose-hash"));
        vm.assertEq(u.KIND_OS_IMAGE(), keccak256("os-image"));
        vm.assertEq(u.KIND_MRTD(), keccak256("mrtd-tuple"));
        vm.assertEq(u.KIND_GUARDIAN(), keccak256("guardian"));
        vm.assertEq(uint256(u.ANY()), type(uint256).max);
    }

    // ---- fuzz ----

    function testFuzz_neverBefore48h(bytes32 kind, bytes32 value, uint64 extra, uint64 life, uint64 at) public {
        if (kind == GUARDIAN_KIND) return;
        extra = uint64(bound(extra, 0, 365 days));
        life = uint64(bound(life, 1, 365 days));
        at = uint64(bound(at, 0, 800 days));
        vm.prank(owner);
        u.propose(kind, value, START + D + extra, START + D + extra + life, "");
        vm.warp(START + at);
        bool want = at >= D + extra && at < D + extra + life;
        vm.assertTrue(u.isApproved(kind, value) == want);
        expectSameAsRaw(kind, value);
    }

    function testFuzz_earlierIsRefused(uint64 notBefore) public {
        notBefore = uint64(bound(notBefore, 1, START + D - 1));
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.TooEarly.selector, notBefore, START + D));
        u.propose(KIND, V, notBefore, 0, "");
    }

    function testFuzz_revokedAtAnyMoment(uint64 at, uint64 later) public {
        propose(KIND, V);
        at = uint64(bound(at, 0, 400 days));
        vm.warp(START + at);
        revokeAs(at % 2 == 0 ? owner : guardian, KIND, V);
        expectSameAsRaw(KIND, V);
        uint256 w = rawEntry(KIND, V);
        vm.assertTrue((uint64(w) < uint64(w >> 64)) == (at > D)); // ended, or cancelled
        pass(bound(later, 0, 400 days));
        vm.assertFalse(u.isApproved(KIND, V));
        expectSameAsRaw(KIND, V);
    }

    /// The rule of a client over the raw word is the contract's own.
    function expectSameAsRaw(bytes32 kind, bytes32 value) internal view {
        uint256 w = rawEntry(kind, value);
        bool active = uint64(w) <= block.timestamp && block.timestamp < uint64(w >> 64);
        vm.assertTrue(u.isApproved(kind, value) == active);
        vm.assertTrue(!active || uint64(w >> 128) + D <= block.timestamp);
    }
}
