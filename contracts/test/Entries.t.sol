// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Base} from "./Base.sol";
import {UpgradeOperator} from "../src/UpgradeOperator.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// Each way in which an entry changes its state, and who may cause it.
contract EntriesTest is Base {
    function test_aProposalWaitsToTheSecond() public {
        expectStatus(KIND, V, UpgradeOperator.Status.None);
        propose(KIND, V);
        expectStatus(KIND, V, UpgradeOperator.Status.Pending);
        vm.warp(START + D - 1);
        expectStatus(KIND, V, UpgradeOperator.Status.Pending);
        vm.warp(START + D);
        expectStatus(KIND, V, UpgradeOperator.Status.Active);
    }

    function test_aProposalIsPublished() public {
        vm.expectEmit();
        emit UpgradeOperator.Proposed(KIND, V, owner, START + D, type(uint64).max, "why");
        vm.prank(owner);
        u.propose(KIND, V, 0, 0, "why");
    }

    function test_aLaterStartAndAnEndAreKept() public {
        vm.prank(owner);
        u.propose(KIND, V, t() + D + 10, t() + D + 20, "");
        vm.warp(START + D + 9);
        expectStatus(KIND, V, UpgradeOperator.Status.Pending);
        vm.warp(START + D + 10);
        expectStatus(KIND, V, UpgradeOperator.Status.Active);
        vm.warp(START + D + 19);
        expectStatus(KIND, V, UpgradeOperator.Status.Active);
        vm.warp(START + D + 20);
        expectStatus(KIND, V, UpgradeOperator.Status.Closed);
    }

    function test_anEarlierStartIsRefused() public {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.TooEarly.selector, t() + D - 1, t() + D));
        u.propose(KIND, V, t() + D - 1, 0, "");
    }

    function test_anEmptyWindowIsRefused() public {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.EmptyWindow.selector, t() + D, t() + D));
        u.propose(KIND, V, 0, t() + D, "");
    }

    function test_onlyTheOwnerProposes() public {
        address[2] memory others = [guardian, address(this)];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory refused = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, others[i]);
            vm.startPrank(others[i]);
            vm.expectRevert(refused);
            u.propose(KIND, V, 0, 0, "");
            vm.expectRevert(refused);
            u.proposeRelease("{}", new bytes(192));
            vm.expectRevert(refused);
            u.proposeCompose("{}");
            vm.expectRevert(refused);
            u.proposeMeasurement(new bytes(32), new bytes(48), new bytes(48), new bytes(48));
            vm.expectRevert(refused);
            u.sunset(KIND, V, t() + 1);
            vm.expectRevert(refused);
            u.raiseMinEpoch(1);
            vm.expectRevert(refused);
            u.setIdentity(new bytes(65), "");
            vm.expectRevert(refused);
            u.transferOwnership(others[i]);
            vm.expectRevert(refused);
            u.renounceOwnership();
            vm.stopPrank();
        }
    }

    function test_ofALiveEntryNothingIsExtended() public {
        bytes memory refused = abi.encodeWithSelector(UpgradeOperator.AlreadyLive.selector, KIND, V);
        propose(KIND, V);
        vm.prank(owner);
        vm.expectRevert(refused);
        u.propose(KIND, V, 0, 0, "");
        pass(D);
        vm.prank(owner);
        vm.expectRevert(refused);
        u.propose(KIND, V, 0, 0, "");
    }

    function test_aPendingEntryIsTakenBack_andWaitsAnew() public {
        propose(KIND, V);
        pass(D - 1);
        revokeAs(guardian, KIND, V);
        expectStatus(KIND, V, UpgradeOperator.Status.Closed);
        pass(30 days);
        expectStatus(KIND, V, UpgradeOperator.Status.Closed);
        uint256 w = rawEntry(KIND, V);
        vm.assertTrue(uint64(w >> 64) <= uint64(w), "cancelled: ends before it begins");

        propose(KIND, V);
        expectStatus(KIND, V, UpgradeOperator.Status.Pending);
        pass(D - 1);
        expectStatus(KIND, V, UpgradeOperator.Status.Pending);
        pass(1);
        expectStatus(KIND, V, UpgradeOperator.Status.Active);
        vm.assertEq(u.count(), 2); // listed once, beside the guardian
    }

    function test_anActiveEntryIsRevokedInTheSameBlock() public {
        address[2] memory who = [owner, guardian];
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 v = bytes32(i);
            approve(KIND, v);
            pass(5);
            vm.expectEmit();
            emit UpgradeOperator.Revoked(KIND, v, who[i], UpgradeOperator.Status.Active, "CVE");
            vm.prank(who[i]);
            u.revoke(KIND, v, "CVE");
            expectStatus(KIND, v, UpgradeOperator.Status.Closed);
            uint256 w = rawEntry(KIND, v);
            vm.assertTrue(uint64(w) < uint64(w >> 64), "ended: it was active once");
        }
    }

    function test_onlyWhatIsLiveIsRevoked() public {
        bytes memory refused = abi.encodeWithSelector(UpgradeOperator.NotLive.selector, KIND, V);
        vm.prank(owner);
        vm.expectRevert(refused);
        u.revoke(KIND, V, "never proposed");
        approve(KIND, V);
        revokeAs(owner, KIND, V);
        vm.prank(owner);
        vm.expectRevert(refused);
        u.revoke(KIND, V, "again");
        vm.prank(owner);
        vm.expectRevert(refused);
        u.sunset(KIND, V, t() + 1);
    }

    function test_aStrangerTakesNothingBack() public {
        bytes memory refused = abi.encodeWithSelector(UpgradeOperator.NotOwnerNorGuardian.selector, address(this));
        propose(KIND, V);
        vm.expectRevert(refused);
        u.revoke(KIND, V, "");
        vm.expectRevert(refused);
        u.cancelIdentity("");
        vm.expectRevert(refused);
        u.cancelTransfer();
    }

    function test_sunsetOnlyShortens() public {
        vm.startPrank(owner);
        u.propose(KIND, V, 0, t() + D + 10 days, "");
        for (uint64 more = 0; more < 2; ++more) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    UpgradeOperator.OnlyShortens.selector, START + D + 10 days + more, START + D + 10 days
                )
            );
            u.sunset(KIND, V, START + D + 10 days + more);
        }
        vm.expectEmit();
        emit UpgradeOperator.Sunset(KIND, V, owner, START + D + 1 days);
        u.sunset(KIND, V, START + D + 1 days);
        vm.stopPrank();
        vm.warp(START + D + 1 days - 1);
        expectStatus(KIND, V, UpgradeOperator.Status.Active);
        vm.warp(START + D + 1 days);
        expectStatus(KIND, V, UpgradeOperator.Status.Closed);
    }

    function test_sunsetLiesAhead() public {
        propose(KIND, V);
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.TooEarly.selector, t(), t() + 1));
        u.sunset(KIND, V, t());
        u.sunset(KIND, V, t() + 1);
        vm.stopPrank();
        pass(1);
        expectStatus(KIND, V, UpgradeOperator.Status.Closed);
        pass(D);
        expectStatus(KIND, V, UpgradeOperator.Status.Closed);
    }

    // ---- guardians ----

    function test_aGuardianGoesOnlyWithNotice() public {
        bytes32 g = word(guardian);
        bytes memory refused = abi.encodeWithSelector(UpgradeOperator.GuardianNeedsNotice.selector, START + D);
        vm.startPrank(owner);
        vm.expectRevert(refused);
        u.revoke(GUARDIAN_KIND, g, "");
        vm.expectRevert(refused);
        u.sunset(GUARDIAN_KIND, g, START + D - 1);
        u.sunset(GUARDIAN_KIND, g, START + D);
        vm.stopPrank();
        vm.warp(START + D - 1);
        vm.assertTrue(u.isGuardian(guardian));
        vm.warp(START + D);
        vm.assertFalse(u.isGuardian(guardian));
        propose(KIND, V);
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.NotOwnerNorGuardian.selector, guardian));
        u.revoke(KIND, V, "");
    }

    function test_theNoticeIsNotShortenedLater() public {
        bytes32 g = word(guardian);
        vm.startPrank(owner);
        u.sunset(GUARDIAN_KIND, g, START + D + 10);
        pass(11);
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.GuardianNeedsNotice.selector, START + 11 + D));
        u.sunset(GUARDIAN_KIND, g, START + D);
        vm.stopPrank();
    }

    function test_aNewGuardianWaits_andIsNoGuardianMeanwhile() public {
        bytes32 g = word(address(7));
        propose(GUARDIAN_KIND, g);
        pass(D - 1);
        vm.assertFalse(u.isGuardian(address(7)));
        pass(1);
        vm.assertTrue(u.isGuardian(address(7)));
    }

    function test_guardiansDoNotTouchGuardians() public {
        bytes32 g = word(address(7));
        propose(GUARDIAN_KIND, g);
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.GuardianNeedsNotice.selector, t() + D));
        u.revoke(GUARDIAN_KIND, g, "a pending one");
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.GuardianNeedsNotice.selector, t() + D));
        u.revoke(GUARDIAN_KIND, word(guardian), "itself");
        revokeAs(owner, GUARDIAN_KIND, g); // the owner takes back one that waits
        expectStatus(GUARDIAN_KIND, g, UpgradeOperator.Status.Closed);
    }

    function test_aGuardianIsAnAddress() public {
        bytes32[2] memory wrong = [bytes32(0), bytes32(uint256(1) << 160)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(owner);
            vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.NotAnAddress.selector, wrong[i]));
            u.propose(GUARDIAN_KIND, wrong[i], 0, 0, "");
        }
        propose(GUARDIAN_KIND, word(address(type(uint160).max)));
        propose(KIND, bytes32(0)); // other kinds take any value
    }

    // ---- deployment ----

    function test_theDelayHasAFloorAndACeiling() public {
        uint64[3] memory wrong = [uint64(0), D - 1, 365 days + 1];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(UpgradeOperator.DelayOutOfRange.selector, wrong[i], D, uint64(365 days))
            );
            new UpgradeOperator(owner, wrong[i], new UpgradeOperator.Genesis[](0));
        }
        vm.assertEq(
            new UpgradeOperator(owner, 365 days, new UpgradeOperator.Genesis[](0)).minDelay(), uint256(365 days)
        );
    }

    function test_aLongerDelayHoldsEverywhere() public {
        UpgradeOperator.Genesis[] memory g = new UpgradeOperator.Genesis[](1);
        g[0] = UpgradeOperator.Genesis(GUARDIAN_KIND, word(guardian), "");
        u = new UpgradeOperator(owner, 7 days, g);
        propose(KIND, V);
        vm.startPrank(owner);
        u.setIdentity(publicOf(0x02, GX), "");
        u.setIdentity(publicOf(0x03, GX), "");
        u.transferOwnership(address(5));
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.GuardianNeedsNotice.selector, t() + 7 days));
        u.sunset(GUARDIAN_KIND, word(guardian), t() + 7 days - 1);
        vm.stopPrank();
        address first = u.xPub();
        pass(7 days - 1);
        expectStatus(KIND, V, UpgradeOperator.Status.Pending);
        vm.assertEq(u.xPub(), first);
        vm.prank(address(5));
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.TooEarly.selector, t(), t() + 1));
        u.acceptOwnership();
        pass(1);
        expectStatus(KIND, V, UpgradeOperator.Status.Active);
        vm.assertTrue(u.xPub() != first);
        vm.prank(address(5));
        u.acceptOwnership();
    }

    uint256 constant GX = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;

    function test_genesisIsActiveAtOnce_andPublished() public {
        UpgradeOperator.Genesis[] memory g = new UpgradeOperator.Genesis[](2);
        g[0] = UpgradeOperator.Genesis(KIND, V, "first");
        g[1] = UpgradeOperator.Genesis(KIND, bytes32(0), "second");
        vm.expectEmit();
        emit UpgradeOperator.Proposed(KIND, V, address(this), START, type(uint64).max, "first");
        u = new UpgradeOperator(owner, D, g);
        expectStatus(KIND, V, UpgradeOperator.Status.Active);
        expectStatus(KIND, bytes32(0), UpgradeOperator.Status.Active);
        vm.assertEq(u.count(), 2);
        vm.assertEq(u.owner(), owner);
    }

    function test_genesisTwiceIsRefused() public {
        UpgradeOperator.Genesis[] memory g = new UpgradeOperator.Genesis[](2);
        g[0] = g[1] = UpgradeOperator.Genesis(KIND, V, "");
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.AlreadyLive.selector, KIND, V));
        new UpgradeOperator(owner, D, g);
    }

    // ---- enumeration ----

    function test_listPages() public {
        for (uint256 i = 0; i < 5; ++i) {
            propose(KIND, bytes32(i));
        }
        vm.assertEq(u.count(), 6);
        vm.assertEq(u.list(0, 6).length, 6);
        vm.assertEq(u.list(0, type(uint256).max).length, 6);
        vm.assertEq(u.list(4, type(uint256).max).length, 2);
        vm.assertEq(u.list(6, 1).length, 0);
        vm.assertEq(u.list(99, 1).length, 0);
        vm.assertEq(u.list(2, 0).length, 0);
        UpgradeOperator.Item memory item = u.list(1, 2)[1];
        vm.assertEq(item.kind, KIND);
        vm.assertEq(item.value, bytes32(uint256(1)));
        vm.assertEq(item.entry.position, 3);
        vm.assertTrue(item.status == UpgradeOperator.Status.Pending);
        vm.assertTrue(u.list(0, 1)[0].status == UpgradeOperator.Status.Active);
    }
}
