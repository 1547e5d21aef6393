// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Base} from "./Base.sol";
import {UpgradeOperator} from "../src/UpgradeOperator.sol";

/// Calls of all roles in any order. A revert in here is no failure, so what must not have worked is
/// recorded. Its own record says when each pair was last proposed, and whether it was closed since.
contract Handler is Base {
    uint256 constant G1 = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 constant G2 = 0xC6047F9441ED7D6D3045406E95C07CD85C778E4B8CEF3CA7ABAC09B95C709EE5;

    mapping(bytes32 => uint256) public proposedAt;
    mapping(bytes32 => bool) public closed;
    string public broke;
    address public presentOwner = address(0xA11CE);
    uint256 public transferAt; // 0: none is pending
    address public transferTo;
    bytes32 public pin;
    bytes32 public nextPin; // 0: none was proposed or it was taken back
    uint256 public nextPinAt;
    uint64 public highestEpoch;

    constructor(UpgradeOperator u_) {
        u = u_;
    }

    function setUp() public override {}

    function pick(uint256 s) public pure returns (bytes32 kind, bytes32 value) {
        kind = s % 2 == 0 ? KIND : GUARDIAN_KIND;
        value = bytes32((s / 2) % 3 + 1);
    }

    function id(bytes32 kind, bytes32 value) public pure returns (bytes32) {
        return keccak256(abi.encode(kind, value));
    }

    function doPropose(uint256 s, uint64 notBefore, uint64 notAfter) external {
        (bytes32 kind, bytes32 value) = pick(s);
        notBefore = notBefore % 2 == 0 ? 0 : uint64(block.timestamp + bound(notBefore, 46 hours, 10 days));
        notAfter = notAfter % 2 == 0 ? 0 : uint64(block.timestamp + bound(notAfter, 0, 20 days));
        vm.prank(presentOwner);
        u.propose(kind, value, notBefore, notAfter, "");
        proposedAt[id(kind, value)] = block.timestamp;
        closed[id(kind, value)] = false;
    }

    function doRevoke(uint256 s, bool byGuardian) external {
        (bytes32 kind, bytes32 value) = pick(s);
        bool wasGuardian = kind == GUARDIAN_KIND && u.isApproved(kind, value);
        revokeAs(byGuardian ? guardian : presentOwner, kind, value);
        closed[id(kind, value)] = true;
        if (wasGuardian) broke = "a guardian was revoked without notice";
    }

    function doSunset(uint256 s, uint64 notAfter) external {
        (bytes32 kind, bytes32 value) = pick(s);
        bool isGuardian = kind == GUARDIAN_KIND && u.isApproved(kind, value);
        notAfter = uint64(block.timestamp + bound(notAfter, 0, 5 days));
        (UpgradeOperator.Entry memory before,) = u.entry(kind, value);
        vm.prank(presentOwner);
        u.sunset(kind, value, notAfter);
        if (notAfter >= before.notAfter) broke = "a sunset extended";
        if (isGuardian && notAfter < block.timestamp + D) broke = "a guardian got no notice";
    }

    function doSetIdentity(bool second) external {
        bytes memory identityPublic = publicOf(0x02, second ? G1 : G2);
        settle();
        vm.prank(presentOwner);
        u.setIdentity(identityPublic, "");
        bytes32 digest = sha256(abi.encodePacked("replicatoor/v1/identity", identityPublic));
        if (nextPin != 0) broke = "two changes of identity at once";
        if (pin == 0) {
            pin = digest;
        } else {
            nextPin = digest;
            nextPinAt = block.timestamp;
        }
    }

    function settle() internal {
        if (nextPin == 0 || block.timestamp < nextPinAt + D) return;
        pin = nextPin;
        nextPin = 0;
    }

    function pinInForce() external view returns (bytes32) {
        return nextPin != 0 && block.timestamp >= nextPinAt + D ? nextPin : pin;
    }

    function doCancelIdentity(bool byGuardian) external {
        settle();
        vm.prank(byGuardian ? guardian : presentOwner);
        u.cancelIdentity("");
        if (nextPin == 0) broke = "an identity in force was taken back";
        nextPin = 0;
    }

    function doTransfer(uint8 to) external {
        address next = address(uint160(0xB0B0 + to % 3));
        if (transferAt != 0 && to % 4 != 0) return; // else hardly one would live to be accepted
        vm.prank(presentOwner);
        u.transferOwnership(next);
        transferTo = next;
        transferAt = block.timestamp;
    }

    function doCancelTransfer(bool byGuardian, uint8 seldom) external {
        if (seldom % 4 != 0) return;
        vm.prank(byGuardian ? guardian : presentOwner);
        u.cancelTransfer();
        transferAt = 0;
    }

    function doAccept(uint8 who) external {
        address next = who % 4 == 0 ? address(uint160(0xB0B0 + who % 3)) : transferTo;
        vm.prank(next);
        u.acceptOwnership();
        if (transferAt == 0 || next != transferTo || block.timestamp < transferAt + D) broke = "owner too early";
        presentOwner = next;
        transferAt = 0;
    }

    function doRaiseEpoch(uint64 to) external {
        to = uint64(bound(to, 0, 3000));
        vm.prank(presentOwner);
        u.raiseMinEpoch(to);
        if (to <= highestEpoch || to > highestEpoch + 1000) broke = "minEpoch";
        highestEpoch = to;
    }

    function doStranger(uint256 s, address who, bytes calldata data) external {
        if (who == presentOwner || who == guardian || who == transferTo || uint160(who) <= 3) return;
        (bytes32 kind, bytes32 value) = pick(s);
        bytes[6] memory calls = [
            abi.encodeCall(u.propose, (kind, value, 0, 0, "")),
            abi.encodeCall(u.revoke, (kind, value, "")),
            abi.encodeCall(u.raiseMinEpoch, (highestEpoch + 1)),
            abi.encodeCall(u.cancelTransfer, ()),
            abi.encodeCall(u.acceptOwnership, ()),
            data
        ];
        bytes32 before = digestOfState();
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(who);
            (bool ok,) = address(u).call(calls[i]);
            if (ok && i < 5) broke = "a stranger's call worked";
        }
        if (digestOfState() != before) broke = "a stranger changed something";
    }

    function digestOfState() internal view returns (bytes32) {
        return keccak256(
            abi.encode(u.list(0, 100), u.identity(), u.pendingIdentity(), u.minEpoch(), u.owner(), u.pendingOwnerFrom())
        );
    }

    function doPass(uint256 dt) external {
        pass(bound(dt, 1, 2 days));
    }
}

contract InvariantTest is Base {
    Handler internal h;

    function setUp() public override {
        super.setUp();
        h = new Handler(u);
    }

    function targetContracts() public view returns (address[] memory a) {
        a = new address[](1);
        a[0] = address(h);
    }

    /// Nothing is approved that was not proposed 48 hours before and left alone since.
    function invariant_waits() public view {
        for (uint256 s = 0; s < 6; ++s) {
            (bytes32 kind, bytes32 value) = h.pick(s);
            if (!u.isApproved(kind, value)) continue;
            uint256 p = h.proposedAt(h.id(kind, value));
            vm.assertTrue(p != 0 && block.timestamp >= p + D, "approved too early");
            vm.assertFalse(h.closed(h.id(kind, value)), "approved though closed");
        }
    }

    /// The identity in force is the first one or one that waited.
    function invariant_identity() public view {
        vm.assertEq(u.identity(), h.pinInForce());
    }

    function invariant_owner() public view {
        vm.assertEq(u.owner(), h.presentOwner());
    }

    function invariant_minEpoch() public view {
        vm.assertEq(u.minEpoch(), h.highestEpoch());
    }

    /// The list holds each pair once, at its position.
    function invariant_list() public view {
        UpgradeOperator.Item[] memory l = u.list(0, type(uint256).max);
        vm.assertTrue(l.length <= 7);
        for (uint256 i = 0; i < l.length; ++i) {
            vm.assertEq(l[i].entry.position, i + 1);
        }
    }

    function invariant_nothingForbiddenWorked() public view {
        vm.assertEq(h.broke(), "");
    }

    /// The guardian of the constructor stays: nobody gave it notice.
    function invariant_guardian() public view {
        vm.assertTrue(u.isGuardian(guardian));
    }
}
