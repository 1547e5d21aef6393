// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title The address of a compressed secp256k1 key (SEC 1, 2.3.4), in plain arithmetic.
/// @dev Costs about 60 000 gas: for something done once or twice in the life of a contract.
library Secp256k1 {
    uint256 internal constant P = 2 ** 256 - 2 ** 32 - 977;

    error NotOnCurve();

    function addressOf(bytes1 prefix, uint256 x) internal pure returns (address) {
        if ((prefix != 0x02 && prefix != 0x03) || x >= P) revert NotOnCurve();
        uint256 square = addmod(mulmod(mulmod(x, x, P), x, P), 7, P);
        uint256 y = _power(square, (P + 1) / 4); // the root, if there is one, since P = 3 mod 4
        if (mulmod(y, y, P) != square) revert NotOnCurve();
        if (y % 2 != uint8(prefix) % 2) y = P - y;
        return address(uint160(uint256(keccak256(abi.encode(x, y)))));
    }

    function _power(uint256 base, uint256 exponent) private pure returns (uint256 result) {
        result = 1;
        for (; exponent != 0; exponent >>= 1) {
            if (exponent & 1 != 0) result = mulmod(result, base, P);
            base = mulmod(base, base, P);
        }
    }
}
