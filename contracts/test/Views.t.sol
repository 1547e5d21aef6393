// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Base} from "./Base.sol";
import {UpgradeOperator} from "../src/UpgradeOperator.sol";
import {IAppAuth} from "../src/IAppAuth.sol";

/// The proposals that are published in full, and the two views of others' interfaces.
contract ViewsTest is Base {
    bytes rootfs = hex"b5686a419bbbe59b475ef403083b4cdc22e0d65547aaedf5031c7bc0fd4fac03";
    bytes mrtd = hex"7ba9e262ce6979087e34632603f354dd8f8a870f5947d116af8114db6c9d0d74c48bec4280e5b4f4a37025a10905bb29";
    bytes rtmr0 = hex"698a1e5764ff07840695fb46c809949cca352e6c9d26fc37dce872402adc071b3b069b0b217c1dcda68cf914253b6842";
    bytes rtmr3 = hex"3c30787034cd9aabff0347bc8f08b9f24a0f6ae914bbca0f9aba681e857aa57a7a7cc5b0b67231779cdc345f107707c5";

    function test_aMeasurementWaits() public {
        bytes32 key = keccak256(abi.encodePacked(rootfs, mrtd, rtmr0, rtmr3));
        vm.assertFalse(u.get_mrtd(rootfs, mrtd, rtmr0, rtmr3));
        vm.expectEmit();
        emit UpgradeOperator.Proposed(
            u.KIND_MRTD(), key, owner, START + D, type(uint64).max, abi.encodePacked(rootfs, mrtd, rtmr0, rtmr3)
        );
        vm.prank(owner);
        u.proposeMeasurement(rootfs, mrtd, rtmr0, rtmr3);
        vm.warp(START + D - 1);
        vm.assertFalse(u.get_mrtd(rootfs, mrtd, rtmr0, rtmr3));
        vm.assertFalse(u.rtmrs(key));
        vm.warp(START + D);
        vm.assertTrue(u.get_mrtd(rootfs, mrtd, rtmr0, rtmr3));
        vm.assertTrue(u.rtmrs(key));
        vm.assertFalse(u.get_mrtd(rootfs, mrtd, rtmr3, rtmr0));
    }

    function test_aMeasurementOfAnotherLengthIsRefused() public {
        bytes[4] memory parts = [rootfs, mrtd, rtmr0, rtmr3];
        for (uint256 i = 0; i < 4; ++i) {
            bytes memory kept = parts[i];
            parts[i] = abi.encodePacked(kept, bytes1(0));
            vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.WrongLength.selector, kept.length + 1, kept.length));
            u.get_mrtd(parts[0], parts[1], parts[2], parts[3]);
            parts[i] = kept;
        }
    }

    function test_aReleaseIsPublishedInFull() public {
        bytes memory file = "{\"runner\":\"docker-compose\"}";
        bytes memory four = abi.encodePacked(mrtd, rtmr0, rtmr0, rtmr3);
        bytes32 key = keccak256(abi.encodePacked(sha256(file), sha256(four)));
        vm.assertEq(key, u.releaseKey(sha256(file), sha256(four)));
        vm.expectEmit();
        emit UpgradeOperator.Proposed(
            keccak256("replicatoor-release"), key, owner, START + D, type(uint64).max, abi.encodePacked(four, file)
        );
        vm.startPrank(owner);
        u.proposeRelease(file, four);
        vm.expectRevert(abi.encodeWithSelector(UpgradeOperator.WrongLength.selector, 191, 192));
        u.proposeRelease(file, new bytes(191));
        vm.stopPrank();
        pass(D);
        expectStatus(keccak256("replicatoor-release"), key, UpgradeOperator.Status.Active);
    }

    function test_aComposeFileIsPublishedInFull() public {
        bytes memory file = "{}";
        vm.expectEmit();
        emit UpgradeOperator.Proposed(keccak256("compose-hash"), sha256(file), owner, START + D, type(uint64).max, file);
        vm.prank(owner);
        u.proposeCompose(file);
        expectStatus(keccak256("compose-hash"), sha256(file), UpgradeOperator.Status.Pending);
    }

    // ---- isAppAllowed ----

    function bootInfo() internal pure returns (IAppAuth.AppBootInfo memory b) {
        b.composeHash = V;
        b.osImageHash = keccak256("an OS image");
        b.deviceId = keccak256("a device");
        b.tcbStatus = "UpToDate";
    }

    function expectAnswer(IAppAuth.AppBootInfo memory b, string memory why) internal view {
        (bool ok, string memory reason) = u.isAppAllowed(b);
        vm.assertTrue(ok == (bytes(why).length == 0));
        vm.assertEq(reason, why);
    }

    function test_everyDimensionHasToHold() public {
        IAppAuth.AppBootInfo memory b = bootInfo();
        expectAnswer(b, "TCB status not allowed");
        approve(u.KIND_TCB(), keccak256("UpToDate"));
        expectAnswer(b, "device not allowed");
        approve(u.KIND_DEVICE(), b.deviceId);
        expectAnswer(b, "compose hash not allowed");
        approve(u.KIND_COMPOSE(), b.composeHash);
        expectAnswer(b, "OS image not allowed");
        approve(u.KIND_OS_IMAGE(), b.osImageHash);
        expectAnswer(b, "");

        b.tcbStatus = "OutOfDate";
        expectAnswer(b, "TCB status not allowed");
        b = bootInfo();
        b.deviceId = V;
        expectAnswer(b, "device not allowed");
        revokeAs(guardian, u.KIND_TCB(), keccak256("UpToDate")); // stops all at once
        expectAnswer(bootInfo(), "TCB status not allowed");
    }

    /// Our image_hash is another value than Dstack's osImageHash: no release of ours speaks for it.
    function test_aReleaseOfOursIsNoOsImage() public {
        IAppAuth.AppBootInfo memory b = bootInfo();
        approve(u.KIND_TCB(), u.ANY());
        approve(u.KIND_DEVICE(), u.ANY());
        approve(u.KIND_RELEASE(), u.releaseKey(b.composeHash, b.osImageHash));
        expectAnswer(b, "compose hash not allowed");
        approve(u.KIND_COMPOSE(), b.composeHash);
        expectAnswer(b, "OS image not allowed");
    }

    function test_anyIsAnEntryThatWaitsToo() public {
        IAppAuth.AppBootInfo memory b = bootInfo();
        approve(u.KIND_COMPOSE(), b.composeHash);
        approve(u.KIND_OS_IMAGE(), b.osImageHash);
        propose(u.KIND_TCB(), u.ANY());
        propose(u.KIND_DEVICE(), u.ANY());
        pass(D - 1);
        expectAnswer(b, "TCB status not allowed");
        pass(1);
        expectAnswer(b, "");
        b.deviceId = 0;
        b.tcbStatus = "Revoked";
        expectAnswer(b, "");
        // for a compose file or an image there is no such thing
        approve(u.KIND_COMPOSE(), u.ANY());
        b.composeHash = 0;
        expectAnswer(b, "compose hash not allowed");
    }

    function test_everyAdvisoryIsLookedAt() public {
        IAppAuth.AppBootInfo memory b = bootInfo();
        approve(u.KIND_TCB(), u.ANY());
        approve(u.KIND_DEVICE(), u.ANY());
        approve(u.KIND_COMPOSE(), b.composeHash);
        approve(u.KIND_OS_IMAGE(), b.osImageHash);
        approve(u.KIND_ADVISORY(), keccak256("INTEL-SA-00615"));
        b.advisoryIds = new string[](2);
        b.advisoryIds[0] = "INTEL-SA-00615";
        b.advisoryIds[1] = "INTEL-SA-00837";
        expectAnswer(b, "advisory not tolerated");
        (b.advisoryIds[0], b.advisoryIds[1]) = (b.advisoryIds[1], b.advisoryIds[0]);
        expectAnswer(b, "advisory not tolerated");
        approve(u.KIND_ADVISORY(), u.ANY());
        expectAnswer(b, "");
    }

    function test_interfaces() public view {
        vm.assertTrue(u.supportsInterface(0x1e079198)); // what Dstack's KMS looks for
        vm.assertTrue(u.supportsInterface(0x01ffc9a7)); // ERC-165 itself
        vm.assertFalse(u.supportsInterface(0xffffffff));
        vm.assertEq(uint32(u.get_mrtd.selector), 0xd38f6a83); // of the original
        vm.assertEq(uint32(u.isApproved.selector), 0xf92d6a6d);
    }
}
