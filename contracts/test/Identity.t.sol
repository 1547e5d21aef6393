// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Base} from "./Base.sol";
import {Secp256k1} from "../src/Secp256k1.sol";
import {UpgradeOperator} from "../src/UpgradeOperator.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// The three things that are not entries: the identity, minEpoch, the owner.
contract IdentityTest is Base {
    // x of 1 G, 2 G and 3 G; the y of G is even, of 2 G even, of 3 G even (SEC 2, 2.4.1; EIP-2 test keys)
    uint256 constant G1 = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 constant G2 = 0xC6047F9441ED7D6D3045406E95C07CD85C778E4B8CEF3CA7ABAC09B95C709EE5;
    uint256 constant G3 = 0xF9308A019258C31049344F85F89D5229B531C845836F99B08601F113BCE036F9;

    function set(bytes1 prefix, uint256 x) internal {
        vm.prank(owner);
        u.setIdentity(publicOf(prefix, x), "");
    }

    function digest(bytes1 prefix, uint256 x) internal pure returns (bytes32) {
        return sha256(abi.encodePacked("replicatoor/v1/identity", publicOf(prefix, x)));
    }

    function expectIdentity(bytes32 want, address xPub) internal view {
        vm.assertEq(u.identity(), want);
        vm.assertEq(u.xPub(), xPub);
    }

    function test_theFirstIdentityActsAtOnce() public {
        expectIdentity(0, address(0));
        vm.expectEmit();
        emit UpgradeOperator.IdentityProposed(digest(0x02, G1), vm.addr(1), START, publicOf(0x02, G1), "seen");
        vm.prank(owner);
        u.setIdentity(publicOf(0x02, G1), "seen");
        expectIdentity(digest(0x02, G1), vm.addr(1));
        vm.assertEq(u.pendingIdentity().digest, bytes32(0));
    }

    function test_xPubIsTheAddressOfTheKey() public {
        set(0x02, G1);
        vm.assertEq(u.xPub(), 0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf);
        uint256[3] memory x = [G1, G2, G3];
        for (uint256 k = 0; k < 3; ++k) {
            vm.assertEq(Secp256k1.addressOf(0x02, x[k]), vm.addr(k + 1));
            // the other parity is the negated key
            uint256 n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
            vm.assertEq(Secp256k1.addressOf(0x03, x[k]), vm.addr(n - k - 1));
        }
    }

    function addressOf(bytes1 prefix, uint256 x) external pure returns (address) {
        return Secp256k1.addressOf(prefix, x);
    }

    function test_whatIsNoKeyIsRefused() public {
        uint256 p = 2 ** 256 - 2 ** 32 - 977;
        bytes1[5] memory prefix = [bytes1(0x02), 0x04, 0x00, 0x02, 0x02];
        uint256[5] memory x = [uint256(5), G1, G1, p, p + 1]; // 5 is no x of a point
        for (uint256 i = 0; i < 5; ++i) {
            vm.expectRevert(Secp256k1.NotOnCurve.selector);
            this.addressOf(prefix[i], x[i]);
        }
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.WrongLength.selector, 64, 65));
        u.setIdentity(new bytes(64), "");
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.WrongLength.selector, 66, 65));
        u.setIdentity(new bytes(66), "");
        vm.expectRevert(Secp256k1.NotOnCurve.selector);
        u.setIdentity(new bytes(65), "");
        vm.stopPrank();
    }

    function test_aChangeOfIdentityWaitsToTheSecond() public {
        set(0x02, G1);
        pass(100);
        vm.expectEmit();
        emit UpgradeOperator.IdentityProposed(digest(0x02, G2), vm.addr(2), START + 100 + D, publicOf(0x02, G2), "");
        set(0x02, G2);
        pass(D - 1);
        expectIdentity(digest(0x02, G1), vm.addr(1));
        vm.assertEq(u.pendingIdentity().digest, digest(0x02, G2));
        vm.assertEq(u.pendingIdentity().from, START + 100 + D);
        vm.assertEq(u.pendingIdentity().proposedAt, START + 100);
        pass(1);
        expectIdentity(digest(0x02, G2), vm.addr(2));
        vm.assertEq(u.pendingIdentity().digest, bytes32(0));
    }

    function test_oneChangeAtATime() public {
        set(0x02, G1);
        set(0x02, G2);
        bytes memory refused = abi.encodeWithSelector(UpgradeOperator.IdentityPending.selector, digest(0x02, G2));
        vm.prank(owner);
        vm.expectRevert(refused);
        u.setIdentity(publicOf(0x02, G3), "");
        pass(D);
        set(0x02, G3); // the second is in force now, the third waits
        expectIdentity(digest(0x02, G2), vm.addr(2));
        pass(D - 1);
        expectIdentity(digest(0x02, G2), vm.addr(2));
        pass(1);
        expectIdentity(digest(0x02, G3), vm.addr(3));
    }

    function test_aChangeIsTakenBackAtOnce() public {
        address[2] memory who = [owner, guardian];
        set(0x02, G1);
        for (uint256 i = 0; i < 2; ++i) {
            set(0x02, G2);
            pass(D - 1);
            vm.expectEmit();
            emit UpgradeOperator.IdentityCancelled(digest(0x02, G2), who[i], "not ours");
            vm.prank(who[i]);
            u.cancelIdentity("not ours");
            pass(30 days);
            expectIdentity(digest(0x02, G1), vm.addr(1));
        }
    }

    function test_whatIsInForceIsNotTakenBack() public {
        set(0x02, G1);
        vm.prank(owner);
        vm.expectRevert(UpgradeOperator.NothingPending.selector);
        u.cancelIdentity("");
        set(0x02, G2);
        pass(D);
        vm.prank(guardian);
        vm.expectRevert(UpgradeOperator.NothingPending.selector);
        u.cancelIdentity("");
        expectIdentity(digest(0x02, G2), vm.addr(2));
    }

    // ---- minEpoch ----

    function test_minEpochOnlyRises() public {
        vm.startPrank(owner);
        vm.expectEmit();
        emit UpgradeOperator.MinEpochRaised(0, 7);
        u.raiseMinEpoch(7);
        vm.assertEq(u.minEpoch(), 7);
        uint64[4] memory wrong = [uint64(0), 6, 7, 1008];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.EpochStep.selector, 7, wrong[i]));
            u.raiseMinEpoch(wrong[i]);
        }
        u.raiseMinEpoch(1007);
        vm.assertEq(u.minEpoch(), 1007);
    }

    // ---- the owner ----

    function transferTo(address who) internal {
        vm.prank(owner);
        u.transferOwnership(who);
    }

    function test_aNewOwnerWaitsToTheSecond() public {
        vm.expectEmit();
        emit UpgradeOperator.OwnershipAcceptableFrom(address(0xB0B), START + D);
        transferTo(address(0xB0B));
        vm.assertEq(u.pendingOwner(), address(0xB0B));
        vm.assertEq(u.pendingOwnerFrom(), START + D);
        pass(D - 1);
        vm.prank(address(0xB0B));
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.TooEarly.selector, START + D - 1, START + D));
        u.acceptOwnership();
        vm.assertEq(u.owner(), owner);
        pass(1);
        vm.prank(address(0xB0B));
        u.acceptOwnership();
        vm.assertEq(u.owner(), address(0xB0B));
        vm.assertEq(u.pendingOwner(), address(0));
        vm.assertEq(u.pendingOwnerFrom(), 0);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, owner));
        u.propose(KIND, V, 0, 0, "");
    }

    function test_onlyThePendingOwnerAccepts() public {
        transferTo(address(0xB0B));
        pass(D);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        u.acceptOwnership();
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, owner));
        u.acceptOwnership();
    }

    function test_aTransferIsTakenBackAtOnce() public {
        address[2] memory who = [owner, guardian];
        for (uint256 i = 0; i < 2; ++i) {
            transferTo(address(0xB0B));
            pass(D);
            vm.expectEmit();
            emit UpgradeOperator.OwnershipTransferCancelled(address(0xB0B), who[i]);
            vm.prank(who[i]);
            u.cancelTransfer();
            expectNoPendingOwner();
        }
        transferTo(address(0xB0B));
        transferTo(address(0));
        pass(D);
        expectNoPendingOwner();
        vm.prank(owner);
        vm.expectRevert(UpgradeOperator.NothingPending.selector);
        u.cancelTransfer();
    }

    function expectNoPendingOwner() internal {
        vm.assertEq(u.pendingOwner(), address(0));
        vm.assertEq(u.pendingOwnerFrom(), 0);
        address[2] memory who = [address(0xB0B), address(0)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(who[i]);
            vm.expectRevert(UpgradeOperator.NothingPending.selector);
            u.acceptOwnership();
        }
        vm.assertEq(u.owner(), owner);
    }

    function test_anotherTransferWaitsAnew() public {
        transferTo(address(0xB0B));
        pass(D - 1);
        transferTo(address(0xB0B));
        pass(D - 1);
        vm.prank(address(0xB0B));
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.TooEarly.selector, t(), t() + 1));
        u.acceptOwnership();
    }

    function test_theOldOwnerRevokesWhileTheNewOneWaits() public {
        propose(KIND, V);
        transferTo(address(0xB0B));
        pass(D - 1);
        revokeAs(owner, KIND, V);
        expectStatus(KIND, V, UpgradeOperator.Status.Closed);
    }

    function test_nobodyRenounces() public {
        vm.prank(owner);
        vm.expectRevert(UpgradeOperator.RenounceDisabled.selector);
        u.renounceOwnership();
        vm.assertEq(u.owner(), owner);
    }
}
