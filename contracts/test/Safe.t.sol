// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Base} from "./Base.sol";
import {UpgradeOperator} from "../src/UpgradeOperator.sol";
import {Safe} from "@safe/Safe.sol";
import {Enum} from "@safe/common/Enum.sol";
import {SafeProxyFactory} from "@safe/proxies/SafeProxyFactory.sol";

/// A real Safe 1.4.1, two of three, as owner and as guardian.
contract SafeTest is Base {
    Safe internal safe;
    uint256[3] internal keys = [uint256(11), 12, 13];

    function setUp() public override {
        super.setUp();
        address[] memory owners = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            owners[i] = vm.addr(keys[i]);
        }
        // signatures stand in the order of the addresses
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 j = i + 1; j < 3; ++j) {
                if (vm.addr(keys[j]) < vm.addr(keys[i])) (keys[i], keys[j]) = (keys[j], keys[i]);
            }
        }
        bytes memory init =
            abi.encodeCall(Safe.setup, (owners, 2, address(0), "", address(0), address(0), 0, payable(address(0))));
        safe = Safe(payable(address(new SafeProxyFactory().createProxyWithNonce(address(new Safe()), init, 0))));
        vm.prank(owner);
        u.transferOwnership(address(safe));
        pass(D);
        execute(abi.encodeCall(u.acceptOwnership, ()), 2);
        vm.assertEq(u.owner(), address(safe));
    }

    function execute(bytes memory data, uint256 signers) public {
        bytes32 h = safe.getTransactionHash(
            address(u), 0, data, Enum.Operation.Call, 0, 0, 0, address(0), payable(address(0)), safe.nonce()
        );
        bytes memory signatures;
        for (uint256 i = 0; i < signers; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], h);
            signatures = abi.encodePacked(signatures, r, s, v);
        }
        safe.execTransaction(
            address(u), 0, data, Enum.Operation.Call, 0, 0, 0, address(0), payable(address(0)), signatures
        );
    }

    function test_aSafeProposesAndRevokes() public {
        execute(abi.encodeCall(u.propose, (KIND, V, 0, 0, "")), 2);
        pass(D - 1);
        vm.assertFalse(u.isApproved(KIND, V));
        pass(1);
        vm.assertTrue(u.isApproved(KIND, V));
        execute(abi.encodeCall(u.revoke, (KIND, V, "stop")), 2);
        vm.assertFalse(u.isApproved(KIND, V));
    }

    function test_oneSignatureIsNotEnough() public {
        vm.expectRevert("GS020");
        this.execute(abi.encodeCall(u.propose, (KIND, V, 0, 0, "")), 1);
    }

    function test_aSafeIsAGuardianOfAnotherOne() public {
        UpgradeOperator.Genesis[] memory g = new UpgradeOperator.Genesis[](1);
        g[0] = UpgradeOperator.Genesis(GUARDIAN_KIND, word(address(safe)), "");
        u = new UpgradeOperator(owner, D, g);
        propose(KIND, V);
        execute(abi.encodeCall(u.revoke, (KIND, V, "not ours")), 2);
        expectStatus(KIND, V, UpgradeOperator.Status.Closed);
    }
}
